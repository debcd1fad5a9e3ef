/** Checks a document that publishes a version against the rules that npm's own documents follow. */
import { isRecord } from './check-fields.ts';

export interface ReceivedTarball {
  readonly size: number;
  /** `sha512-…` */
  readonly integrity: string;
  /** SHA-1, hexadecimal. */
  readonly shasum: string;
}

/** A valid document. */
export interface NpmDocument {
  readonly name: string;
  readonly version: string;
  readonly tag: string;
  readonly manifest: Readonly<Record<string, unknown>>;
}

const topFields = ['_id', 'name', 'description', 'dist-tags', 'versions', 'access', '_attachments'];

/** @returns the problem with the document, or its contents */
export function checkDocument(
  document: unknown,
  requestedName: string,
  tarball: ReceivedTarball,
  registryUrl: string,
): NpmDocument | string {
  if (!isRecord(document)) return 'not an object';
  const unknown = Object.keys(document).find((key) => !topFields.includes(key));
  if (unknown !== undefined) return `an unknown field ${unknown}`;
  const { name } = document;
  if (name !== requestedName || document['_id'] !== name) return `${String(name)} at the address of ${requestedName}`;
  const [[version, manifest] = ['', undefined], ...more] = entriesOf(document['versions']);
  if (!isRecord(manifest) || more.length > 0) return 'not exactly one version';
  if (!/^\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?$/.test(version)) return `the version ${version}`;
  const { dist, readme } = manifest;
  if (manifest['name'] !== name || manifest['version'] !== version || manifest['_id'] !== `${name}@${version}`)
    return 'a manifest of another package';
  if (typeof readme !== 'string') return 'no readme';
  if (manifest['description'] !== document['description']) return 'two descriptions';
  const [[tag, tagged] = ['', undefined], ...moreTags] = entriesOf(document['dist-tags']);
  if (tagged !== version || moreTags.length > 0) return 'not exactly one dist-tag for the version';
  if (encodeURIComponent(tag) !== tag || /^v?\d+(?:\.\d+)*$/.test(tag)) return `the dist-tag ${tag}`;
  if (!['public', 'restricted', null].includes(document['access'] as string | null)) return 'a strange access';
  const fileName = `${name}-${version}.tgz`;
  const [[attached, attachment] = ['', undefined], ...moreAttached] = entriesOf(document['_attachments']);
  if (attached !== fileName || !isRecord(attachment) || moreAttached.length > 0) return `not exactly ${fileName}`;
  if (attachment['content_type'] !== 'application/octet-stream') return 'a strange content type';
  if (attachment['length'] !== tarball.size) return `${tarball.size} bytes, not ${String(attachment['length'])}`;
  if (!isRecord(dist)) return 'no dist';
  if (dist['integrity'] !== tarball.integrity) return `the integrity ${String(dist['integrity'])}`;
  if (dist['shasum'] !== tarball.shasum) return `the shasum ${String(dist['shasum'])}`;
  const address = new URL(`${name}/-/${fileName}`, registryUrl).href;
  if (dist['tarball'] !== address) return `the address ${String(dist['tarball'])}`;
  return { name, version, tag, manifest };
}

function entriesOf(value: unknown): [string, unknown][] {
  return isRecord(value) ? Object.entries(value) : [];
}
