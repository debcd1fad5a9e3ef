/** Writes an image of many small layers, as an OCI layout. */

import { createHash, randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { tar } from '../archive/tar/tar-writer.ts';

const layerBytes = 4096;
const mediaTypes = 'application/vnd.oci.image';

/** @param directory of the layout */
export async function writeLayeredImage(directory: string, layerCount: number): Promise<void> {
  const blobs = join(directory, 'blobs', 'sha256');
  await mkdir(blobs, { recursive: true });
  const put = async (mediaType: string, content: Buffer): Promise<object> => {
    const digest = sha256(content);
    await writeFile(join(blobs, digest), content);
    return { mediaType: `${mediaTypes}.${mediaType}`, digest: `sha256:${digest}`, size: content.length };
  };
  const contents = Array.from({ length: layerCount }, (_, index) =>
    tar([{ name: `${index}.bin`, content: randomBytes(layerBytes) }]),
  );
  const layers = await Promise.all(contents.map((content) => put('layer.v1.tar+gzip', gzipSync(content))));
  const rootfs = { type: 'layers', diff_ids: contents.map((content) => `sha256:${sha256(content)}`) };
  const config = await put('config.v1+json', json({ os: 'linux', architecture: 'amd64', rootfs }));
  const head = { schemaVersion: 2, mediaType: `${mediaTypes}.manifest.v1+json` };
  const manifest = await put('manifest.v1+json', json({ ...head, config, layers }));
  await writeFile(join(directory, 'index.json'), json({ schemaVersion: 2, manifests: [manifest] }));
  await writeFile(join(directory, 'oci-layout'), json({ imageLayoutVersion: '1.0.0' }));
}

function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}

function sha256(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}
