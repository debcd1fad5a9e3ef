/** An image of a Docker Engine: what is known of it before it is exported, and the way to export it. */

import { InputError, PipeError } from '../../errors.ts';
import { printable } from '../../toolkit/stdout.ts';
import { parseDigest } from '../descriptors.ts';
import { asListOrNothing, asObject, isRecord } from '../../io/json.ts';
import { formatPlatform, isMatchingPlatform, parsePlatform, readPlatform } from '../platforms.ts';
import type { Choice, Image, Platform } from '../image.ts';
import type { EngineSettings } from './address.ts';
import { connectEngine, type EngineClient, type EngineOptions, isAtLeast } from './engine-client.ts';
import { createExport, type ImageExport } from './export.ts';
import { noSuchImage } from './no-such-image.ts';

export interface EngineImage {
  /** For people: `app:latest of the Docker Engine at unix:///var/run/docker.sock`. */
  readonly description: string;
  /**
   * The image's ID: the digest of its config or, with the containerd image store, of its manifest or index. What a
   * registry has under the same digest is the same image, and need not be exported.
   */
  readonly id: string;
  /**
   * The digest under which a registry would have the whole of it, all platforms: told by engines with the containerd image
   * store, which keep manifests as they came or were built. Undefined elsewhere, and where one platform is asked for.
   */
  readonly manifestDigest: string | undefined;
  /** Of the image for `platform`, lowest first; undefined where the engine does not tell before the export. */
  readonly diffIds: readonly string[] | undefined;
  readonly platform: Platform | undefined;
  /** Asks for the image, from the first byte. */
  export(): ImageExport;
  close(): Promise<void>;
}

/**
 * Looks the image up, and exports nothing.
 *
 * @param name as in `docker image ls`, or an ID; without a tag, `latest` is meant
 * @throws InputError where the engine cannot be reached, or has no such image or none for the platform
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
    return await inspect(engine, withTag(name), wanted, choice);
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
  // Before this version, engines had one platform of an image; since, another one may be there as well.
  if (wanted !== undefined && platform !== undefined && !isWanted && !isAtLeast(engine.version, [1, 48]))
    throw new InputError(`${description} is for ${formatPlatform(platform)}, not for ${formatPlatform(wanted)}`);
  const diffIds = isWanted ? facts.diffIds : undefined;
  return {
    description,
    id: facts.id,
    manifestDigest: wanted === undefined ? facts.manifestDigest : undefined,
    diffIds,
    platform: isWanted ? platform : undefined,
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

/** A name without a tag would export the repository with all its tags. */
function withTag(name: string): string {
  const isId = /^(?:sha256:)?[0-9a-f]{64}$/.test(name);
  return isId || name.includes('@') || /:[^/]*$/.test(name) ? name : `${name}:latest`;
}

interface Facts {
  readonly id: string;
  readonly manifestDigest: string | undefined;
  readonly diffIds: readonly string[] | undefined;
  readonly platform: Platform | undefined;
}

function readFacts(value: unknown, where: string): Facts {
  const facts = asObject(value, where);
  const id = parseDigest(facts['Id'], `${where}: Id`);
  const target = facts['Descriptor'];
  const manifestDigest = isRecord(target) ? parseDigest(target['digest'], `${where}: Descriptor.digest`) : undefined;
  // Of a multi-platform image without one for its own platform, an engine may tell no more.
  if (facts['Os'] === undefined || facts['Os'] === '')
    return { id, manifestDigest, diffIds: undefined, platform: undefined };
  const rootfs = isRecord(facts['RootFS']) ? facts['RootFS'] : {};
  return {
    id,
    manifestDigest,
    diffIds: asListOrNothing(rootfs['Layers'], `${where}: RootFS.Layers`).map((diffId, index) =>
      parseDigest(diffId, `${where}: RootFS.Layers[${index}]`),
    ),
    platform: readPlatform({ os: facts['Os'], architecture: facts['Architecture'], variant: facts['Variant'] }, where),
  };
}

/** Between looking it up and exporting it, the name may have gone to another image. */
function checkSame(image: Image, id: string, diffIds: readonly string[] | undefined, description: string): void {
  const digests = [image.index?.digest, ...image.images.flatMap((each) => [each.config.digest, each.manifest?.digest])];
  if (diffIds === undefined || digests.includes(id)) return;
  const isSame = image.images.some(({ layers }) => {
    const theirs = layers.map((layer) => layer.diffId);
    return theirs.length === diffIds.length && theirs.every((diffId, index) => diffId === diffIds[index]);
  });
  if (!isSame) throw new InputError(`${description} became another image while it was being exported`);
}
