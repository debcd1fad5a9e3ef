/** A package of real files, as `npm pack` would write it: for the demo, which packs nothing. */

import { gzipSync } from 'node:zlib';
import { tar } from '../archive/tar/tar-writer.ts';

export function npmTarball(
  manifest: Readonly<Record<string, unknown>>,
  files: Readonly<Record<string, Buffer>>,
): Buffer {
  const all = { 'package.json': JSON.stringify(manifest, undefined, 2), ...files };
  return gzipSync(tar(Object.entries(all).map(([name, content]) => ({ name: `package/${name}`, content }))));
}
