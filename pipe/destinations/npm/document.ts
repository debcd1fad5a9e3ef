/**
 * The document that publishes a version: the package's metadata with the new manifest and the tarball.
 *
 * @see https://github.com/npm/libnpmpublish "buildMetadata", version 11
 */

import { randomUUID } from 'node:crypto';
import { bytesBody, concatBodies, type SizedBody } from '../../io/body.ts';
import { fileBody } from '../../io/source-file.ts';
import { base64Body } from './base64-body.ts';
import type { PlannedPackage } from './plan.ts';

/**
 * The body of the request that publishes `planned`. The tarball is read while it is sent, and never held in memory.
 *
 * @throws FileChangedError while it is read, if the tarball has changed since it was planned
 */
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
 * The URL where npm looks for the tarball, unless the registry gives another. npm always writes it into the document with
 * plain http: clients use the scheme of the registry that they ask.
 */
function tarballUrl({ name, version }: Pick<PlannedPackage, 'name' | 'version'>, registry: URL): URL {
  return new URL(`${name}/-/${name}-${version}.tgz`, registry);
}

/**
 * The URL where registries show the tarball of a published version, whatever the document says: the scope is not repeated in the
 * name of the file.
 */
export function publishedTarballUrl({ name, version }: Pick<PlannedPackage, 'name' | 'version'>, registry: URL): URL {
  return new URL(`${name}/-/${name.replace(/^.*\//, '')}-${version}.tgz`, registry);
}
