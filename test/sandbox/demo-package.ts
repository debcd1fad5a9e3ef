/** Creates a package from real files, as `npm pack` writes it. */

import { gzipSync } from 'node:zlib';
import { tar } from '../archive/tar/tar-writer.ts';

export function npmTarball(
  manifest: Readonly<Record<string, unknown>>,
  files: Readonly<Record<string, Buffer>>,
): Buffer {
  const all = { 'package.json': JSON.stringify(manifest, undefined, 2), ...files };
  return gzipSync(tar(Object.entries(all).map(([name, content]) => ({ name: `package/${name}`, content }))));
}
