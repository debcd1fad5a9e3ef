/** Opens the images of a run: archives, layouts, published tags to join, or images of a Docker Engine. */

import { type EngineImage, openEngineImage } from '../../oci/engine/engine-image.ts';
import type { Image } from '../../oci/image.ts';
import { findImage, openImage } from '../../oci/open-image.ts';
import type { RegistryClient } from '../../oci/registry/client.ts';
import { joinTags } from '../../oci/registry/join.ts';
import { type PushPlan, type StartedPush, startPush } from '../../oci/registry/push.ts';
import { startExport } from '../../oci/registry/push-export.ts';
import type { PushTools } from '../../oci/registry/push-layer.ts';
import { formatBytes, formatCount } from '../../toolkit/units.ts';
import type { RunTools } from '../destination.ts';
import type { ImageSettings } from './settings.ts';
import type { ImageTarget } from './targets.ts';

/** An opened image, and how to push it. */
export interface ImageSource {
  /** For the plan. */
  readonly description: string;
  readonly notes: readonly string[];
  /** Undefined if it is not known in advance. */
  readonly bytesToSend: number | undefined;
  start(plan: PushPlan, tools: PushTools): Promise<StartedPush>;
  close(): Promise<void>;
}

/**
 * Opens the image of one target.
 *
 * @param client of the target's repository
 * @param imageName for messages, if the run publishes several images
 * @throws InputError if it is not there or cannot be published
 */
export async function openSource(
  { origin, image: reference }: ImageTarget,
  { platform, timeoutMs }: ImageSettings,
  client: RegistryClient,
  tools: RunTools,
  imageName: string | undefined,
): Promise<ImageSource> {
  if (origin.kind === 'join') return sourceOf(await joinTags(client, origin.tags, imageName));
  if (origin.kind === 'path') {
    const { warnings, ...path } = await findImage(origin.patterns, tools.places);
    return sourceOf(await openImage(path, { reference, platform }), warnings);
  }
  const { signal, log } = tools;
  const options = { timeoutMs, signal, scrub: tools.secrets.scrub, debug: (message: string) => log.debug(message) };
  const engine = await openEngineImage(origin.engine, reference, { platform }, options);
  const stored = await openOrClose(engine);
  if (stored !== undefined) return { ...sourceOf(stored), close: async () => await closeBoth(stored, engine) };
  return {
    description: engine.description,
    notes: [],
    bytesToSend: undefined,
    start: async (plan, pushTools) => await startExport(engine, plan, pushTools),
    close: async () => await engine.close(),
  };
}

async function openOrClose(engine: EngineImage): Promise<Image | undefined> {
  try {
    return await engine.openStored();
  } catch (error) {
    await engine.close();
    throw error;
  }
}

async function closeBoth(image: Image, engine: EngineImage): Promise<void> {
  await image.close();
  await engine.close();
}

function sourceOf(image: Image, warnings: readonly string[] = []): ImageSource {
  return {
    description: describe(image),
    notes: [...warnings, ...image.notes],
    bytesToSend: bytesToSend(image),
    start: async (plan, pushTools) => await startPush(image, plan, pushTools),
    close: async () => await image.close(),
  };
}

/** `docker archive build/app.tar: 5 layers, 29.1 MB, 2 manifests`; for joined tags, only their names. */
function describe({ description, images: manifests }: Image): string {
  const layers = manifests.flatMap((each) => each.layers);
  if (layers.length === 0) return description;
  const bytes = layers.reduce((sum, { length }) => sum + length, 0);
  const count = manifests.length > 1 ? `, ${manifests.length} manifests` : '';
  return `${description}: ${formatCount(layers.length, 'layer')}, ${formatBytes(bytes)}${count}`;
}

/** An upper limit, as if the registry had no layer of the image. */
function bytesToSend({ images: manifests }: Image): number {
  const layers = manifests.flatMap((each) => [...new Map(each.layers.map((layer) => [layer.name, layer])).values()]);
  const bytes = [
    ...layers.filter(({ isForeign }) => !isForeign).map(({ length }) => length),
    ...manifests.map(({ config }) => config.bytes.length),
  ];
  return bytes.reduce((total, length) => total + length, 0);
}
