/** Reads content descriptors, and makes digests. */

import { InputError } from '../errors.ts';
import { printable } from '../toolkit/stdout.ts';
import type { Descriptor } from './image.ts';
import { createSha256 } from '../io/hashes.ts';
import { asObject, asString } from '../io/json.ts';

/** @throws InputError */
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

/** @throws InputError where it is none that `isDigest` takes */
export function parseDigest(value: unknown, where: string): string {
  const digest = asString(value, where);
  if (isDigest(digest)) return digest;
  const algorithm = /^([a-z0-9]+(?:[.+_-][a-z0-9]+)*):[a-zA-Z0-9=_-]+$/.exec(digest)?.[1];
  throw new InputError(
    algorithm === undefined || algorithm === 'sha256'
      ? `${where} is not a digest: ${printable(digest)}`
      : `${where} is a ${algorithm} digest: only sha256, which all registries know, is supported`,
  );
}

/** `sha256:` and 64 lower-case hexadecimal digits. */
export function isDigest(text: string): boolean {
  return /^sha256:[0-9a-f]{64}$/.test(text);
}

/** `sha256:…` of the bytes. */
export function digestOf(bytes: Uint8Array): string {
  const hash = createSha256();
  hash.update(bytes);
  return `sha256:${hash.digest()}`;
}

/** Where a layout has the content (image-layout.md, "Blobs"). */
export function blobPath(digest: string): string {
  return `blobs/${digest.replace(':', '/')}`;
}

/** The digest that a path of a layout stands for. */
export function digestOfPath(path: string): string | undefined {
  const hex = /^(?:\.\/)?blobs\/sha256\/([0-9a-f]{64})$/.exec(path)?.[1];
  return hex === undefined ? undefined : `sha256:${hex}`;
}
