/** Reads and makes content descriptors, digests, and the JSON documents that they describe. */

import { InputError } from '../errors.ts';
import { printable } from '../toolkit/stdout.ts';
import type { Descriptor, Document } from './image.ts';
import { createSha256 } from '../io/hashes.ts';
import { asObject, asString, type JsonObject } from '../io/json.ts';

/** Checks a descriptor's required fields. @param where names it in messages. @throws InputError if one is not valid */
export function parseDescriptor(value: unknown, where: string): Descriptor {
  const fields = asObject(value, where);
  const { size } = fields;
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0)
    throw new InputError(`${where}.size is not a number of bytes`);
  return {
    ...fields,
    mediaType: asString(fields['mediaType'], `${where}.mediaType`),
    digest: parseDigest(fields['digest'], `${where}.digest`),
    size,
  };
}

/** The value, if `isDigest` accepts it. @param where names it in messages. @throws InputError */
export function parseDigest(value: unknown, where: string): string {
  const digest = asString(value, where);
  if (isDigest(digest)) return digest;
  const algorithm = /^([a-z0-9]+(?:[.+_-][a-z0-9]+)*):[a-zA-Z0-9=_-]+$/.exec(digest)?.[1];
  throw new InputError(
    algorithm === undefined || algorithm === 'sha256'
      ? `${where} is not a valid digest: ${printable(digest)}`
      : `${where} is a ${algorithm} digest: only sha256, which all registries support, is accepted`,
  );
}

/** Whether it is `sha256:` and 64 lower-case hexadecimal digits. */
export function isDigest(value: string): boolean {
  return /^sha256:[0-9a-f]{64}$/.test(value);
}

/** The descriptor of a document: media type, digest and size. */
export function descriptorOf({ mediaType, digest, bytes }: Document): Descriptor {
  return { mediaType, digest, size: bytes.length };
}

/** The document with this content, whose bytes follow the order of its fields. */
export function documentOf(content: JsonObject & { readonly mediaType: string }): Document {
  const bytes = Buffer.from(JSON.stringify(content));
  return { mediaType: content.mediaType, digest: digestOf(bytes), bytes };
}

/** `sha256:…` of the bytes. */
export function digestOf(bytes: Uint8Array): string {
  const hash = createSha256();
  hash.update(bytes);
  return `sha256:${hash.digest()}`;
}

/** The path of a blob in a layout (image-layout.md, "Blobs"). */
export function blobPath(digest: string): string {
  return `blobs/${digest.replace(':', '/')}`;
}

/** The digest in the path of a layout's blob; undefined for any other path. */
export function digestOfPath(path: string): string | undefined {
  const hex = /^(?:\.\/)?blobs\/sha256\/([0-9a-f]{64})$/.exec(path)?.[1];
  return hex === undefined ? undefined : `sha256:${hex}`;
}
