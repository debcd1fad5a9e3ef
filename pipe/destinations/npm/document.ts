/**
 * The document that publishes a version: the package's metadata with the new manifest, and the tarball in it.
 *
 * @see https://github.com/npm/libnpmpublish "buildMetadata", version 11
 */

import { randomUUID } from 'node:crypto';
import { bytesBody, concatBodies, type SizedBody } from '../../io/body.ts';
import { fileBody } from '../../io/source-file.ts';
import { base64Body } from './base64-body.ts';
import type { PlannedPackage } from './plan.ts';

/** The tarball's own bytes are read while they are sent, and never held. */
export function publishDocument(planned: PlannedPackage, registry: URL): SizedBody {
  const { name, version, manifest, source, integrity, shasum } = planned;
  const fileName = `${name}-${version}.tgz`;
  const dist = {
    ...(manifest['dist'] as object | undefined),
    integrity,
    shasum,
    tarball: tarballUrl(planned, registry).href.replace(/^https:/, 'http:'),
  };
  const placeholder = randomUUID();
  const document = {
    _id: name,
    name,
    description: manifest['description'],
    'dist-tags': { [planned.tag]: version },
    versions: { [version]: { ...manifest, dist } },
    access: planned.access ?? null,
    _attachments: {
      [fileName]: { content_type: 'application/octet-stream', data: placeholder, length: source.size },
    },
  };
  const [before = '', after = ''] = JSON.stringify(document).split(placeholder);
  return concatBodies([bytesBody(before), base64Body(fileBody(source)), bytesBody(after)]);
}

/**
 * Where npm's clients look for the tarball, unless the registry says otherwise. The document has it with plain http, as npm
 * always writes it: clients take the scheme of the registry they ask.
 */
export function tarballUrl({ name, version }: Pick<PlannedPackage, 'name' | 'version'>, registry: URL): URL {
  return new URL(`${name}/-/${name}-${version}.tgz`, registry);
}
