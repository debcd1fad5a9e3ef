/** Publishes an image of a Docker Engine: its export can be read only once, so each layer is sent when it arrives. */

import type { EngineImage } from '../engine/engine-image.ts';
import type { Document, Image, Layer } from '../image.ts';
import { oci } from '../media-types.ts';
import { askForMapped } from './mapped-blobs.ts';
import { endedPush, type PushPlan, startPush, type StartedPush, untaggedOutcome } from './push.ts';
import { pushLayer, type PushTools } from './push-layer.ts';
import { type PublishedImage, readMountable, readReusable } from './reuse.ts';

/** Sends the blobs of the image that are missing. Never throws: an error is part of the outcome. */
export async function startExport(engine: EngineImage, plan: PushPlan, tools: PushTools): Promise<StartedPush> {
  try {
    const published = await readReusable(plan.reuseTags, engine.platform, plan.isReuseGiven, tools);
    const identical = await findIdentical(engine, published, plan, tools);
    if (identical !== undefined) {
      tools.log.info(`This image is already published as ${identical.name}; nothing to send`);
      return await startPush(imageOf(engine, identical.manifest), plan, tools);
    }
    const mountable = await readMountable(plan.sources, engine.platform, tools);
    const reusable = [...published, ...mountable, ...tools.earlier];
    const mapped = await askForMapped(engine.diffIds ?? [], reusable, tools.client);
    const exported = engine.export();
    for await (const streamed of exported.layers()) {
      const { digest, length, encoding } = streamed;
      if (encoding === 'opaque') continue;
      const layer: Layer = {
        ...streamed,
        open: () => streamed.open(),
        openUnverified: () => streamed.openUnverified(),
        position: 0,
        isForeign: false,
        ...(digest !== undefined && { descriptor: { mediaType: oci.layer[encoding], digest, size: length } }),
      };
      tools.sent.set(streamed.name, await pushLayer(layer, layer.name, mapped, tools));
    }
    const image = await exported.image();
    for (const note of image.notes) tools.log.warning(note);
    return await startPush(image, plan, tools);
  } catch (error) {
    return endedPush(untaggedOutcome(plan.tags, [], error));
  }
}

/** Finds the identical image in the registry, under a tag that may be reused or under the digest that the engine states. */
async function findIdentical(
  { id, manifestDigest }: EngineImage,
  published: readonly PublishedImage[],
  { reuseTags }: PushPlan,
  { client }: PushTools,
): Promise<{ readonly name: string; readonly manifest: Document } | undefined> {
  const tagged = published.find(({ configDigest, manifest }) => configDigest === id || manifest.digest === id);
  if (tagged !== undefined) return { name: tagged.name, manifest: tagged.manifest };
  const manifest =
    manifestDigest === undefined || reuseTags.length === 0 ? undefined : await client.readManifest(manifestDigest);
  return manifest === undefined ? undefined : { name: manifest.digest, manifest };
}

/** An image with all its blobs in the registry: only tags are missing. */
function imageOf({ description }: EngineImage, index: Document): Image {
  return { description, images: [], index, notes: [], close: async () => await Promise.resolve() };
}
