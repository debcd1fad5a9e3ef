/** An image of a Docker Engine: what the engine states about it, and its export. */

import { InputError, PipeError } from '../../errors.ts';
import { printable } from '../../toolkit/stdout.ts';
import { parseDescriptor, parseDigest } from '../descriptors.ts';
import { readImage } from '../formats/read-image.ts';
import { asListOrEmpty, asObject, isRecord } from '../../io/json.ts';
import { formatPlatform, isMatchingPlatform, parsePlatform, readPlatformIfNamed } from '../platforms.ts';
import type { Choice, Descriptor, Image, Platform } from '../image.ts';
import type { EngineSettings } from './address.ts';
import { contentSource } from './content-source.ts';
import { type ContentStore, openContentStore } from './content-store.ts';
import { connectEngine, type EngineClient, type EngineOptions, isAtLeast } from './engine-client.ts';
import { createExport, type ImageExport } from './export.ts';
import { noSuchImage } from './no-such-image.ts';

/** An image that exists in an engine, not exported yet. */
export interface EngineImage {
  /** For messages: `app:latest of the Docker Engine at unix:///var/run/docker.sock`. */
  readonly description: string;
  /**
   * The image's ID: the digest of its config or, with the containerd image store, of its manifest or index. If a registry
   * has this digest, it has this image, and no export is needed.
   */
  readonly id: string;
  /**
   * The digest of the whole image, all platforms, in a registry. Only engines with the containerd image store state it,
   * since they keep manifests unchanged. Undefined otherwise, and if one platform is requested.
   */
  readonly manifestDigest: string | undefined;
  /** Of the image for `platform`, lowest first; undefined if the engine does not state them before the export. */
  readonly diffIds: readonly string[] | undefined;
  readonly platform: Platform | undefined;
  /**
   * The image in the engine's containerd image store, whose blobs can be read one by one; undefined if the engine has another
   * store, or does not let its content be read. Closing the image closes the store, but not the engine.
   *
   * @throws InputError if the image is incomplete there
   */
  openStored(): Promise<Image | undefined>;
  /** Starts an export from the beginning. */
  export(): ImageExport;
  close(): Promise<void>;
}

/**
 * Looks the image up, without exporting it.
 *
 * @param name as in `docker image ls`, or an ID; the default tag is `latest`
 * @throws InputError if the engine cannot be reached, or does not have the image for this platform; PipeError if it fails
 */
export async function openEngineImage(
  settings: EngineSettings,
  name: string,
  choice: Pick<Choice, 'platform'>,
  options: EngineOptions,
): Promise<EngineImage> {
  const wanted = choice.platform === undefined ? undefined : parsePlatform(choice.platform);
  const engine = await connectEngine(settings, options);
  try {
    return await inspect(engine, withTag(name), wanted, choice, options);
  } catch (error) {
    await engine.close();
    throw error;
  }
}

async function inspect(
  engine: EngineClient,
  name: string,
  wanted: Platform | undefined,
  choice: Pick<Choice, 'platform'>,
  options: EngineOptions,
): Promise<EngineImage> {
  const description = `${printable(name)} of ${engine.name}`;
  const path = `/images/${encodeURIComponent(name).replaceAll('%2F', '/')}`;
  const query = (since: readonly [number, number]): string =>
    wanted !== undefined && isAtLeast(engine.version, since)
      ? `?platform=${encodeURIComponent(JSON.stringify(wanted))}`
      : '';
  const answer = await engine.getJson(`${path}/json${query([1, 49])}`);
  if (answer.status === 404) throw await noSuchImage(engine, name, answer.reason);
  if (answer.status !== 200) throw new PipeError(`${description}: ${answer.reason}`);
  const facts = readFacts(answer.value, description);
  const { platform } = facts;
  const isWanted = wanted === undefined || (platform !== undefined && isMatchingPlatform(wanted, platform));
  // Older engines hold only one platform of an image. Newer ones may hold the requested platform, too.
  if (wanted !== undefined && platform !== undefined && !isWanted && !isAtLeast(engine.version, [1, 48]))
    throw new InputError(`${description} is for ${formatPlatform(platform)}, not for ${formatPlatform(wanted)}`);
  const diffIds = isWanted ? facts.diffIds : undefined;
  return {
    description,
    id: facts.id,
    manifestDigest: wanted === undefined ? facts.root?.digest : undefined,
    diffIds,
    platform: isWanted ? platform : undefined,
    openStored: async () =>
      facts.root === undefined ? undefined : await openStored(engine, description, facts.root, choice, options),
    export() {
      const parts = {
        name: description,
        start: () => engine.openStream(`${path}/get${query([1, 48])}`),
        diffIds,
        choice: { reference: name, platform: choice.platform },
      };
      const exported = createExport(parts);
      return {
        layers: () => exported.layers(),
        async image() {
          const image = await exported.image();
          checkSame(image, facts.id, diffIds, description);
          return image;
        },
      };
    },
    close: () => engine.close(),
  };
}

/** An image that an engine has, but whose blobs it does not serve one by one, is exported. */
async function openStored(
  engine: EngineClient,
  description: string,
  root: Descriptor,
  choice: Pick<Choice, 'platform'>,
  { timeoutMs, signal, debug }: EngineOptions,
): Promise<Image | undefined> {
  let store: ContentStore | undefined;
  try {
    store = await openContentStore(await engine.openServices(), { name: engine.name, timeoutMs, signal });
    if ((await store.sizeOf(root.digest)) === undefined) throw new Error('it does not have the image');
  } catch (error) {
    store?.close();
    signal?.throwIfAborted();
    debug?.(`The content of ${engine.name} cannot be read, so the image is exported: ${(error as Error).message}`);
    return undefined;
  }
  const source = contentSource(store, description, root);
  try {
    return await readImage(source, choice);
  } catch (error) {
    await source.close();
    throw error;
  }
}

/** Adds the default tag: a name without one would export all tags of the repository. */
function withTag(name: string): string {
  const isId = /^(?:sha256:)?[0-9a-f]{64}$/.test(name);
  return isId || name.includes('@') || /:[^/]*$/.test(name) ? name : `${name}:latest`;
}

interface Facts {
  readonly id: string;
  /** The image's manifest or index, if the engine keeps it. */
  readonly root: Descriptor | undefined;
  readonly diffIds: readonly string[] | undefined;
  readonly platform: Platform | undefined;
}

function readFacts(value: unknown, where: string): Facts {
  const facts = asObject(value, where);
  const id = parseDigest(facts['Id'], `${where}: Id`);
  const target = facts['Descriptor'];
  const root = isRecord(target) ? parseDescriptor(target, `${where}: Descriptor`) : undefined;
  // For a multi-platform image without its own platform, an engine may state nothing else.
  if (facts['Os'] === undefined || facts['Os'] === '') return { id, root, diffIds: undefined, platform: undefined };
  const rootfs = isRecord(facts['RootFS']) ? facts['RootFS'] : {};
  return {
    id,
    root,
    diffIds: asListOrEmpty(rootfs['Layers'], `${where}: RootFS.Layers`).map((diffId, index) =>
      parseDigest(diffId, `${where}: RootFS.Layers[${index}]`),
    ),
    platform: readPlatformIfNamed(
      { os: facts['Os'], architecture: facts['Architecture'], variant: facts['Variant'] },
      where,
    ),
  };
}

/** The name may have moved to another image between the look-up and the export. */
function checkSame(image: Image, id: string, diffIds: readonly string[] | undefined, description: string): void {
  const digests = [image.index?.digest, ...image.images.flatMap((each) => [each.config.digest, each.manifest?.digest])];
  if (diffIds === undefined || digests.includes(id)) return;
  const isSame = image.images.some(({ layers }) => {
    const theirs = layers.map((layer) => layer.diffId);
    return theirs.length === diffIds.length && theirs.every((diffId, index) => diffId === diffIds[index]);
  });
  if (!isSame) throw new InputError(`${description} changed to another image during the export`);
}
