/** The containerd image store of a Docker Engine as a source: an OCI layout of one image, whose blobs are read when they are needed. */

import { contentOf, headBytes } from '../../archive/content.ts';
import { digestOfPath } from '../descriptors.ts';
import type { Descriptor } from '../image.ts';
import { oci } from '../media-types.ts';
import type { Entry, Source } from '../sources/source.ts';
import type { ContentStore } from './content-store.ts';

/** @param name for messages: `app:latest of the Docker Engine at …` @param root the image's manifest or index */
export function contentSource(store: ContentStore, name: string, root: Descriptor): Source {
  const { mediaType, digest, size } = root;
  const listing = { schemaVersion: 2, mediaType: oci.index, manifests: [{ mediaType, digest, size }] };
  const documents = new Map([['index.json', Buffer.from(JSON.stringify(listing))]]);
  let position = 0;
  return {
    name,
    kind: 'engine',
    isForwardOnly: false,
    async find(path) {
      const document = documents.get(path);
      if (document !== undefined) return inMemory(path, document, position++);
      const blob = digestOfPath(path);
      const bytes = blob === undefined ? undefined : await store.sizeOf(blob);
      if (blob === undefined || bytes === undefined) return undefined;
      return entryOf(path, bytes, position++, (length) => store.read(blob, length));
    },
    earlier: () => [],
    paths: () => documents.keys(),
    hint: '',
    async close() {
      store.close();
      return await Promise.resolve();
    },
  };
}

function inMemory(name: string, bytes: Buffer, position: number): Entry {
  return entryOf(name, bytes.length, position, async function* read(length) {
    yield await Promise.resolve(bytes.subarray(0, length));
  });
}

/** @param read the first bytes of the file */
function entryOf(
  name: string,
  size: number,
  position: number,
  read: (length: number) => AsyncIterable<Uint8Array>,
): Entry {
  return {
    name,
    size,
    position,
    async content() {
      const chunks: Uint8Array[] = [];
      for await (const chunk of read(Math.min(size, headBytes))) chunks.push(chunk);
      return contentOf(Buffer.concat(chunks));
    },
    open: () => read(size),
    isUnpacked: true,
  };
}
