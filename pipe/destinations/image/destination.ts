/** TYPE image from source to conclusion: finds the image, publishes it, and says what came of it. */

import { type Compressor, createCompressor } from '../../compression/compressor.ts';
import { keepHeapFlat } from '../../io/flat-heap.ts';
import { fixedAuthorizer } from '../../http/authorizer.ts';
import { basicCredential } from '../../http/credentials.ts';
import { imageFailureLines, imageReport, imageResult, imageSuccessText, imageVariables } from './report.ts';
import type { ImageOrigin, ImageSettings } from './settings.ts';
import { type EngineImage, openEngineImage } from '../../oci/engine/engine-image.ts';
import { findImage } from '../../oci/find-image.ts';
import { oci } from '../../oci/media-types.ts';
import type { Document, Image, Layer } from '../../oci/image.ts';
import { openImage } from '../../oci/open-image.ts';
import { newCapability } from '../../oci/registry/blob-upload.ts';
import { createRegistryClient } from '../../oci/registry/client.ts';
import { joinTags } from '../../oci/registry/join.ts';
import { type PushPlan, pushImage, type PushOutcome, readReusable } from '../../oci/registry/push.ts';
import { type LayerPacker, pushLayer, type PushTools } from '../../oci/registry/push-layer.ts';
import { formatReference } from '../../oci/registry/reference.ts';
import { createRegistryAuthorizer } from '../../oci/registry/registry-authorizer.ts';
import type { Published } from '../../oci/registry/reuse.ts';
import type { Conclusion, RunTools } from '../../tools.ts';
import type { Log } from '../../toolkit/log.ts';
import { formatBytes, formatCount } from '../../toolkit/units.ts';

/** @throws InputError where there is no such image, before anything is sent */
export async function publishImage(settings: ImageSettings, tools: RunTools): Promise<Conclusion> {
  keepHeapFlat();
  const { log } = tools;
  const plan: PushPlan = { tags: settings.tags, reuseTags: settings.reuseTags };
  log.info(`Publishing ${settings.tags.map((tag) => formatReference({ ...settings.reference, tag })).join(', ')}`);
  const startedAt = performance.now();
  let compressor: Compressor | undefined;
  const { compression: format, compressionLevel: level } = settings;
  const packer =
    format === 'none'
      ? undefined
      : {
          mediaType: oci.layer[format],
          level,
          compressor: () => (compressor ??= startCompressor(format, level, log)),
        };
  try {
    const push = createPushTools(settings, tools, packer);
    const outcome =
      settings.origin.kind === 'engine'
        ? await pushFromEngine(settings, settings.origin, plan, push, tools)
        : await pushFromImage(settings, plan, push, tools);
    return outcome === undefined
      ? { success: 'Dry run: nothing was sent' }
      : conclude(outcome, settings, performance.now() - startedAt);
  } finally {
    await compressor?.close();
  }
}

function startCompressor(format: 'gzip' | 'zstd', level: number | undefined, log: Log): Compressor {
  const compressor = createCompressor({ format, level });
  // Where it fails, so does the first block.
  compressor.engine().then(
    (engine) => log.debug(`${format} by ${engine}`),
    () => undefined,
  );
  return compressor;
}

/** All but the progress, which needs to know how much there is to send. */
type Tools = Omit<PushTools, 'progress'>;

function createPushTools(settings: ImageSettings, tools: RunTools, packer: LayerPacker | undefined): Tools {
  const { registry, reference, account } = settings;
  const authorizer = createRegistryAuthorizer({
    registry,
    repository: reference.repository,
    account,
    learn: tools.secrets.learn,
    createRealmHttp: (realm, given) =>
      tools.createHttp(
        fixedAuthorizer(given === undefined ? [] : [basicCredential(realm.origin, given.username, given.password)]),
      ),
  });
  const http = tools.createHttp(authorizer);
  return {
    http,
    registry,
    client: createRegistryClient(http, registry, reference.repository),
    capability: newCapability(),
    log: tools.log,
    packer,
    concurrency: settings.concurrency,
    sent: new Map(),
  };
}

/** From a file, a directory, or published tags. @returns undefined after a dry run */
async function pushFromImage(
  settings: ImageSettings,
  plan: PushPlan,
  push: Tools,
  tools: RunTools,
): Promise<PushOutcome | undefined> {
  const image = await openOrigin(settings, settings.origin, push, tools);
  const progress = tools.createProgress(bytesToSend(image));
  try {
    sayPlan(image, tools);
    if (settings.isDryRun) return undefined;
    return await pushImage(image, plan, { ...push, progress });
  } finally {
    progress.close();
    await image.close();
  }
}

async function openOrigin(
  settings: ImageSettings,
  origin: ImageOrigin,
  { client }: Tools,
  tools: RunTools,
): Promise<Image> {
  if (origin.kind === 'join') return await joinTags(client, origin.tags);
  if (origin.kind === 'engine') throw new Error('an engine has no image to open, but one to export');
  return await openImage(await findImage(origin.path, tools.places.workingDirectory), {
    reference: settings.image,
    platform: settings.platform,
  });
}

/** As much as an image has that the registry knows nothing of. */
function bytesToSend({ images }: Image): number {
  const layers = images.flatMap((each) => [...new Map(each.layers.map((layer) => [layer.name, layer])).values()]);
  const bytes = [
    ...layers.filter(({ isForeign }) => !isForeign).map(({ length }) => length),
    ...images.map(({ config }) => config.bytes.length),
  ];
  return bytes.reduce((total, length) => total + length, 0);
}

function sayPlan(image: Image, { log }: RunTools): void {
  const layers = image.images.flatMap((each) => each.layers);
  const bytes = layers.reduce((sum, { length }) => sum + length, 0);
  log.info(
    `  from ${image.description}: ${formatCount(layers.length, 'layer')}, ${formatBytes(bytes)}${image.images.length > 1 ? `, ${image.images.length} manifests` : ''}`,
  );
  for (const note of image.notes) log.warning(note);
}

/** From an engine, whose export passes by once: each layer is dealt with as it comes. @returns undefined after a dry run */
async function pushFromEngine(
  settings: ImageSettings,
  { engine: address }: ImageOrigin & { kind: 'engine' },
  plan: PushPlan,
  given: Tools,
  tools: RunTools,
): Promise<PushOutcome | undefined> {
  const { timeoutMs, platform } = settings;
  const engine = await openEngineImage(
    address,
    settings.image,
    { platform },
    { timeoutMs, signal: tools.signal, scrub: tools.secrets.scrub },
  );
  // How much an engine exports shows only as it comes.
  const progress = tools.createProgress(undefined);
  const push = { ...given, progress };
  try {
    tools.log.info(`  from ${engine.description}`);
    if (settings.isDryRun) return undefined;
    const published = await readReusable(plan.reuseTags, engine.platform, push);
    const twin = await findTwin(engine, published, plan, push);
    if (twin !== undefined) {
      tools.log.info(`The very image is published as ${twin.name}: nothing needs to be exported or sent`);
      return await pushImage(
        {
          description: engine.description,
          images: [],
          index: twin.manifest,
          notes: [],
          close: async () => await Promise.resolve(),
        },
        plan,
        push,
      );
    }
    const exported = engine.export();
    for await (const passing of exported.layers()) {
      const { digest, length, packing } = passing;
      const descriptor =
        digest === undefined || packing === 'opaque'
          ? undefined
          : { mediaType: oci.layer[packing], digest, size: length };
      const layer: Layer = {
        ...passing,
        open: () => passing.open(),
        openUnverified: () => passing.openUnverified(),
        position: 0,
        isForeign: false,
        ...(descriptor !== undefined && { descriptor }),
      };
      if (packing !== 'opaque') push.sent.set(passing.name, await pushLayer(layer, layer.name, published, push));
    }
    const image = await exported.image();
    for (const note of image.notes) tools.log.warning(note);
    return await pushImage(image, plan, push);
  } catch (error) {
    return {
      digest: undefined,
      tags: plan.tags.map((tag) => ({ tag, action: 'not tried' as const })),
      platforms: [],
      error,
    };
  } finally {
    progress.close();
    await engine.close();
  }
}

/** The same image in the registry: behind a tag that may be reused, or under the digest that the engine knows it by. */
async function findTwin(
  { id, manifestDigest }: EngineImage,
  published: readonly Published[],
  { reuseTags }: PushPlan,
  { client }: PushTools,
): Promise<{ readonly name: string; readonly manifest: Document } | undefined> {
  const tagged = published.find(({ configDigest, manifest }) => configDigest === id || manifest.digest === id);
  if (tagged !== undefined) return { name: tagged.tag, manifest: tagged.manifest };
  const manifest =
    manifestDigest === undefined || reuseTags.length === 0 ? undefined : await client.readManifest(manifestDigest);
  return manifest === undefined ? undefined : { name: manifest.digest, manifest };
}

function conclude(outcome: PushOutcome, settings: ImageSettings, elapsedMs: number): Conclusion {
  const result = (message: string | undefined): unknown => imageResult(outcome, settings, elapsedMs, message);
  if (outcome.error !== undefined)
    return { failure: { error: outcome.error, lines: imageFailureLines(outcome, settings) }, result };
  return {
    success: imageSuccessText(outcome, settings, elapsedMs),
    result,
    variables: imageVariables(outcome, settings),
    report: imageReport(outcome, settings, elapsedMs),
  };
}
