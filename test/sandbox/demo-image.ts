/** Creates a container image from real files, as `docker save` writes it: the demo has no Docker Engine. */

import { createHash } from 'node:crypto';
import { tar } from '../archive/tar/tar-writer.ts';

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

/** An archive with one image and a layer for each file. */
export function dockerArchive(name: string, files: Readonly<Record<string, Buffer>>): Buffer {
  const layers = Object.entries(files).map(([path, content]) => tar([{ name: path, content }]));
  const config = Buffer.from(
    JSON.stringify({
      architecture: 'amd64',
      os: 'linux',
      config: {},
      rootfs: { type: 'layers', diff_ids: layers.map((layer) => `sha256:${sha256(layer)}`) },
    }),
  );
  const manifest = [
    { Config: `${sha256(config)}.json`, RepoTags: [name], Layers: layers.map((layer) => `${sha256(layer)}/layer.tar`) },
  ];
  return tar([
    ...layers.map((content) => ({ name: `${sha256(content)}/layer.tar`, content })),
    { name: `${sha256(config)}.json`, content: config },
    { name: 'manifest.json', content: Buffer.from(JSON.stringify(manifest)) },
  ]);
}
