/** Creates images for tests, in all formats. */

import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect } from '@jest/globals';
import { InputError } from '../../pipe/errors.ts';
import type { Choice, Image, PlatformImage } from '../../pipe/oci/image.ts';
import { openImage } from '../../pipe/oci/open-image.ts';
import { tar, type TarEntry } from '../archive/tar/tar-writer.ts';

export type Json = Readonly<Record<string, unknown>>;
export type Files = Readonly<Record<string, Buffer>>;

export function sha256(bytes: Buffer | string): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

export function hexOf(digest: string): string {
  return digest.replace('sha256:', '');
}

export function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}

/** A layer: a tar archive with one file. */
export function layer(name: string, size = 100): Buffer {
  return tar([{ name: `${name}.txt`, content: name.repeat(Math.ceil(size / name.length)).slice(0, size) }]);
}

export function config(layers: readonly Buffer[], more: Json = {}): Buffer {
  const diffIds = layers.map(sha256);
  return json({
    architecture: 'amd64',
    os: 'linux',
    config: {},
    rootfs: { type: 'layers', diff_ids: diffIds },
    ...more,
  });
}

/** The members of an archive in the format of Docker up to 24. */
export function legacyEntries(
  layers: readonly Buffer[],
  configBytes = config(layers),
  names = ['app:latest'],
): TarEntry[] {
  const ids = layers.map((bytes, index) => hexOf(sha256(`${index}${sha256(bytes)}`)));
  const configName = `${hexOf(sha256(configBytes))}.json`;
  return [
    ...layers.flatMap((content, index): TarEntry[] => [
      { name: `${ids[index]}/`, type: '5' },
      { name: `${ids[index]}/VERSION`, content: '1.0' },
      { name: `${ids[index]}/json`, content: json({ id: ids[index] }) },
      { name: `${ids[index]}/layer.tar`, content },
    ]),
    { name: configName, content: configBytes },
    {
      name: 'manifest.json',
      content: json([{ Config: configName, RepoTags: names, Layers: ids.map((id) => `${id}/layer.tar`) }]),
    },
    { name: 'repositories', content: '{}' },
  ];
}

export interface Blob {
  readonly mediaType: string;
  readonly bytes: Buffer;
}

export const ociTypes = {
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  index: 'application/vnd.oci.image.index.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  tar: 'application/vnd.oci.image.layer.v1.tar',
  gzip: 'application/vnd.oci.image.layer.v1.tar+gzip',
  zstd: 'application/vnd.oci.image.layer.v1.tar+zstd',
} as const;

export function blob(mediaType: string, bytes: Buffer): Blob {
  return { mediaType, bytes };
}

export function descriptor({ mediaType, bytes }: Blob, more: Json = {}): Json {
  return { mediaType, digest: sha256(bytes), size: bytes.length, ...more };
}

export function manifest(configBlob: Blob, layers: readonly Blob[], more: Json = {}): Blob {
  return blob(
    ociTypes.manifest,
    json({
      schemaVersion: 2,
      mediaType: ociTypes.manifest,
      config: descriptor(configBlob),
      layers: layers.map((each) => descriptor(each)),
      ...more,
    }),
  );
}

/** The entry of an index for BuildKit's attestation of an image. */
export function attestationDescriptor(attestation: Blob, image: Blob): Json {
  return descriptor(attestation, {
    platform: { os: 'unknown', architecture: 'unknown' },
    annotations: {
      'vnd.docker.reference.type': 'attestation-manifest',
      'vnd.docker.reference.digest': sha256(image.bytes),
    },
  });
}

/** An attestation as BuildKit made it before it named its subject. */
export function attestationOf(image: Blob): {
  readonly manifest: Blob;
  readonly statement: Blob;
  readonly blobs: readonly Blob[];
  readonly entry: Json;
} {
  const statement = blob('application/vnd.in-toto+json', json({ _type: 'https://in-toto.io/Statement/v0.1' }));
  const ownConfig = blob(
    ociTypes.config,
    json({ architecture: 'unknown', os: 'unknown', rootfs: { type: 'layers', diff_ids: [sha256(statement.bytes)] } }),
  );
  const own = manifest(ownConfig, [statement]);
  return { manifest: own, statement, blobs: [statement, ownConfig, own], entry: attestationDescriptor(own, image) };
}

export function index(manifests: readonly Json[], more: Json = {}): Blob {
  return blob(ociTypes.index, json({ schemaVersion: 2, mediaType: ociTypes.index, manifests, ...more }));
}

/** The files of a layout. */
export function layout(top: Blob, blobs: readonly Blob[]): Files {
  return {
    'oci-layout': json({ imageLayoutVersion: '1.0.0' }),
    'index.json': top.bytes,
    ...blobFiles(blobs),
  };
}

export function blobFiles(blobs: readonly Blob[]): Files {
  return Object.fromEntries(blobs.map(({ bytes }) => [`blobs/sha256/${hexOf(sha256(bytes))}`, bytes]));
}

/** An image of one platform: its manifest, and its blobs, including the manifest. */
export function platformImage(name: string, architecture: string, more: Json = {}) {
  const raw = layer(name);
  const configBlob = blob(ociTypes.config, config([raw], { architecture, ...more }));
  const layerBlob = blob(ociTypes.tar, raw);
  const manifestBlob = manifest(configBlob, [layerBlob]);
  const platform = { os: 'linux', architecture, ...more };
  return { manifest: manifestBlob, blobs: [configBlob, layerBlob, manifestBlob], platform, raw };
}

export function filesOf(entries: Files): TarEntry[] {
  return Object.entries(entries).map(([name, content]) => ({ name, content }));
}

/** Creates a directory for each test. */
export function useDirectory(): (path?: string) => string {
  let root = '';
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'image-'));
  });
  afterEach(async () => {
    await rm(root, { recursive: true });
  });
  return (path = '') => join(root, path);
}

export async function writeFiles(directory: string, files: Files): Promise<void> {
  for (const [name, bytes] of Object.entries(files)) {
    await mkdir(dirname(join(directory, name)), { recursive: true });
    await writeFile(join(directory, name), bytes);
  }
}

export async function openAt(path: string, choice: Choice = {}): Promise<Image> {
  return await openImage({ path: 'app.tar', absolutePath: path }, choice);
}

export async function readAll(bytes: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of bytes) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

/** The digests of the bytes that its layers yield. */
export async function readLayers(image: PlatformImage | undefined): Promise<readonly string[]> {
  const digests: string[] = [];
  for (const each of image?.layers ?? []) digests.push(sha256(await readAll(each.open())));
  return digests;
}

export function digestsOf(contents: readonly Buffer[]): readonly string[] {
  return contents.map(sha256);
}

/** The message of the InputError with which the promise rejects. */
export async function inputError(promise: Promise<unknown>): Promise<string> {
  const error: unknown = await promise.then(
    (value) => new Error(`It succeeded: ${String(value)}`),
    (caught: unknown) => caught,
  );
  if (!(error instanceof InputError)) throw error;
  expect(error.message).not.toContain(tmpdir());
  return error.message;
}
