/** Small images for tests, in forms whose layers are sent in different ways. */

import { createCipheriv } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Environment } from '../../../pipe/toolkit/environment.ts';
import {
  type Blob,
  blob,
  config,
  descriptor,
  type Files,
  index,
  type Json,
  layer,
  layout,
  legacyEntries,
  manifest,
  ociTypes,
  writeFiles,
} from '../fixtures.ts';
import { tar } from '../../archive/tar/tar-writer.ts';
import { arrayVariables, type Fixture } from '../../run-pipe.ts';
import { tokens } from '../../sandbox/tokens.ts';

/** Incompressible bytes, identical in every run. */
export function noise(length: number): Buffer {
  return createCipheriv('aes-128-ctr', Buffer.alloc(16, 'key'), Buffer.alloc(16)).update(Buffer.alloc(length));
}

/** More than one chunk, with every upload method. */
const large = tar([{ name: 'large.bin', content: noise(10 * 1024 * 1024) }]);

/** Too long for the system's buffers, so that a fault in the middle affects both sides. */
const long = tar([{ name: 'long.bin', content: noise(5 * 1024 * 1024) }]);

/** Six layers, two of them identical. */
export const layers: readonly Buffer[] = [
  layer('base', 300_000),
  large,
  layer('twice', 2000),
  layer('tools', 40_000),
  layer('twice', 2000),
  layer('app', 500),
];

/** Without the large layer. */
export const smallLayers = layers.filter((content) => content !== large);

/** With a shorter layer in its place. */
export const longLayers = layers.map((content) => (content === large ? long : content));

const archives = new Map<readonly Buffer[], Buffer>();
const layouts = new Map<readonly Buffer[], Files>();

/** Makes it once for each list of layers, since most tests use the same few. */
function once<T>(made: Map<readonly Buffer[], T>, contents: readonly Buffer[], make: () => T): T {
  const known = made.get(contents) ?? make();
  made.set(contents, known);
  return known;
}

const unchanged: Json = {};

/** As `docker save` writes it: its layers are compressed while they are sent. */
export async function writeArchive(
  fixture: Pick<Fixture, 'directory'>,
  contents = layers,
  name = 'app.tar',
  more: Json = unchanged,
): Promise<string> {
  const make = (): Buffer => tar(legacyEntries(contents, config(contents, more)));
  await writeFile(join(fixture.directory, name), more === unchanged ? once(archives, contents, make) : make());
  return name;
}

export function gzipImage(contents: readonly Buffer[], more: Json = {}) {
  const configBlob = blob(ociTypes.config, config(contents, more));
  const layerBlobs = contents.map((content): Blob => blob(ociTypes.gzip, gzipSync(content, { level: 1 })));
  const manifestBlob = manifest(configBlob, layerBlobs);
  return {
    manifest: manifestBlob,
    config: configBlob,
    layers: layerBlobs,
    all: [configBlob, ...layerBlobs, manifestBlob],
  };
}

/** A directory with an OCI layout: its gzip layers are sent as they are. */
export async function writeLayout(
  fixture: Pick<Fixture, 'directory'>,
  contents = layers,
  name = 'layout',
  more: Json = unchanged,
): Promise<string> {
  const make = (): Files => {
    const image = gzipImage(contents, more);
    return layout(index([descriptor(image.manifest)]), image.all);
  };
  const files = more === unchanged ? once(layouts, contents, make) : make();
  await writeFiles(join(fixture.directory, name), files);
  return name;
}

/** A layout with one image for each architecture. */
export async function writePlatforms(
  fixture: Pick<Fixture, 'directory'>,
  architectures: readonly string[],
  name = 'platforms',
): Promise<string> {
  const images = architectures.map((architecture) => ({
    architecture,
    image: gzipImage([layer(`for ${architecture}`, 3000), layer('common', 2000)], { architecture }),
  }));
  const top = index(
    images.map(({ architecture, image }) => descriptor(image.manifest, { platform: { os: 'linux', architecture } })),
  );
  const outer = index([descriptor(top)]);
  await writeFiles(join(fixture.directory, name), layout(outer, [top, ...images.flatMap(({ image }) => image.all)]));
  return name;
}

/** The variables to publish it to the sandbox. */
export function imageEnvironment(
  fixture: Fixture,
  filename: string | undefined,
  ...extraArgs: readonly string[]
): Environment {
  return {
    TYPE: 'image',
    REGISTRY: fixture.sandbox.registryUrl,
    IMAGE: 'acme/app:v1',
    USERNAME: tokens.packagesUser,
    TOKEN: tokens.packagesToken,
    FILENAME: filename,
    DEBUG: 'true',
    ...arrayVariables('EXTRA_ARGS', extraArgs),
  };
}
