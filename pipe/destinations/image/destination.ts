/** TYPE image: publishes a container image to a registry. */

import { type CompressionLevel, type Compressor, createCompressor } from '../../compression/compressor.ts';
import type { Compression } from '../../compression/formats.ts';
import { fixedAuthorizer } from '../../http/authorizer.ts';
import { basicCredential } from '../../http/credentials.ts';
import { createReadBack } from '../../http/read-back.ts';
import { openEngineImage } from '../../oci/engine/engine-image.ts';
import type { Image } from '../../oci/image.ts';
import { findImage, openImage } from '../../oci/open-image.ts';
import { createBlobSearches } from '../../oci/registry/blob-search.ts';
import { newCapability } from '../../oci/registry/blob-upload.ts';
import { createRegistryClient } from '../../oci/registry/client.ts';
import { joinTags } from '../../oci/registry/join.ts';
import { type PushPlan, pushImage, type PushOutcome } from '../../oci/registry/push.ts';
import { pushExport } from '../../oci/registry/push-export.ts';
import { skipExisting } from '../../oci/registry/skip-existing.ts';
import type { LayerCompression, PushTools } from '../../oci/registry/push-layer.ts';
import { createRegistryAuthorizer } from '../../oci/registry/registry-authorizer.ts';
import { Turns } from '../../oci/registry/turns.ts';
import { isBitbucketPackages } from '../../settings/bitbucket-packages.ts';
import type { Log } from '../../toolkit/log.ts';
import { formatBytes, formatCount } from '../../toolkit/units.ts';
import type { Destination, Publication, RunTools } from '../destination.ts';
import { imageRows } from './advice.ts';
import { concludeImage, taggedReference } from './report.ts';
import type { ImageSettings } from './settings.ts';

/** The row of TYPE image. */
export const images: Destination<ImageSettings> = {
  advice: imageRows,
  serverVariable: 'REGISTRY',
  isBitbucket: ({ registry }) => isBitbucketPackages(registry),
  prepare,
};

async function prepare(settings: ImageSettings, tools: RunTools): Promise<Publication> {
  const compressor = lazyCompressor(settings, tools.log);
  const push = createPushTools(settings, tools, compressor.compression);
  const source = await openSource(settings, push, tools);
  return {
    lines: [
      `Publishing ${settings.tags.map((tag) => taggedReference(settings, tag)).join(', ')}`,
      `  from ${source.description}`,
    ],
    warnings: source.notes,
    totalBytes: source.bytesToSend,
    async publish(progress) {
      const whole: PushPlan = { tags: settings.tags, reuseTags: settings.reuseTags, format: settings.format };
      const send = async (plan: PushPlan): Promise<PushOutcome> => await source.push(plan, { ...push, progress });
      return concludeImage(settings.skipExisting ? await skipExisting(whole, push, send) : await send(whole), settings);
    },
    async close() {
      await source.close();
      await compressor.close();
    },
  };
}

/** Without the progress, which starts once the total size is known. */
type GivenTools = Omit<PushTools, 'progress'>;

/** An opened image, and how to push it. */
interface OpenSource {
  /** For the plan. */
  readonly description: string;
  readonly notes: readonly string[];
  /** Undefined if it is not known in advance. */
  readonly bytesToSend: number | undefined;
  push(plan: PushPlan, tools: PushTools): Promise<PushOutcome>;
  close(): Promise<void>;
}

async function openSource(settings: ImageSettings, push: GivenTools, tools: RunTools): Promise<OpenSource> {
  const { origin, image: reference, platform, timeoutMs } = settings;
  if (origin.kind === 'join') return sourceOf(await joinTags(push.client, origin.tags));
  if (origin.kind === 'path') {
    const { warnings, ...path } = await findImage(origin.patterns, tools.places);
    return sourceOf(await openImage(path, { reference, platform }), warnings);
  }
  const options = { timeoutMs, signal: tools.signal, scrub: tools.secrets.scrub };
  const engine = await openEngineImage(origin.engine, reference, { platform }, options);
  return {
    description: engine.description,
    notes: [],
    bytesToSend: undefined,
    push: async (plan, pushTools) => await pushExport(engine, plan, pushTools),
    close: async () => await engine.close(),
  };
}

function sourceOf(image: Image, warnings: readonly string[] = []): OpenSource {
  return {
    description: describe(image),
    notes: [...warnings, ...image.notes],
    bytesToSend: bytesToSend(image),
    push: async (plan, pushTools) => await pushImage(image, plan, pushTools),
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

interface LazyCompressor {
  /** Undefined if layers stay as they are. */
  readonly compression: LayerCompression | undefined;
  close(): Promise<void>;
}

/** Starts its threads only when the first layer needs compressing: often, none does. */
function lazyCompressor(settings: ImageSettings, log: Log): LazyCompressor {
  const { compression: format, isCompressionChosen: isChosen, compressionLevel: level } = settings;
  if (format === 'none') return { compression: undefined, close: async () => await Promise.resolve() };
  let compressor: Compressor | undefined;
  return {
    compression: {
      format,
      isChosen,
      level,
      compressor: () => (compressor ??= startCompressor(format, level, log)),
    },
    async close() {
      await compressor?.close();
    },
  };
}

function startCompressor(format: Compression, level: CompressionLevel | undefined, log: Log): Compressor {
  const compressor = createCompressor({ format, level });
  compressor.codec().then(
    (codec) => log.debug(`${format}: compressing with ${codec}`),
    // The first block reports the failure.
    () => undefined,
  );
  return compressor;
}

function createPushTools(
  settings: ImageSettings,
  tools: RunTools,
  compression: LayerCompression | undefined,
): GivenTools {
  const { registry, reference, account } = settings;
  const authorizer = createRegistryAuthorizer({
    registry,
    repository: reference.repository,
    account,
    learn: tools.secrets.learn,
    debug: (message) => tools.log.debug(message),
    createHttp: (url, given) =>
      tools.createHttp(
        fixedAuthorizer(given === undefined ? [] : [basicCredential(url.origin, given.username, given.password)]),
      ),
  });
  const http = tools.createHttp(authorizer);
  const client = createRegistryClient(http, registry, reference.repository);
  return {
    http,
    registry,
    client,
    capability: newCapability(),
    searches: createBlobSearches(client, tools.log, tools.patience),
    log: tools.log,
    compression,
    concurrency: settings.concurrency,
    turns: new Turns(),
    patience: tools.patience,
    readBack: createReadBack(tools.patience),
    sent: new Map(),
  };
}
