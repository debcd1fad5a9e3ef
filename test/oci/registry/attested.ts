/** Images with an attestation, as BuildKit makes them: an index of both for each platform. */

import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import {
  attestationDescriptor,
  type Blob,
  blob,
  config,
  descriptor,
  index,
  json,
  type Json,
  layer,
  layout,
  manifest,
  ociTypes,
  sha256,
  writeFiles,
} from '../fixtures.ts';

export interface AttestedImage {
  readonly image: Blob;
  readonly attestation: Blob;
  /** The index of both, with the attestation's annotations. */
  readonly top: Blob;
  readonly blobs: readonly Blob[];
}

/**
 * As `docker build` of Docker 29 or buildx makes it: the attestation is an OCI 1.1 artifact whose subject is the image.
 *
 * @param platform further fields of the platform, in the config and in the index
 */
export function attestedImage(architecture: string, platform: Json = {}, manifestFields: Json = {}): AttestedImage {
  const named = { os: 'linux', architecture, ...platform };
  const contents = [layer('shared', 2000), layer(`for ${architecture}`, 1500)];
  const imageConfig = blob(ociTypes.config, config(contents, named));
  const layers = contents.map((content) => blob(ociTypes.gzip, gzipSync(content)));
  const image = manifest(imageConfig, layers, manifestFields);
  const statement = blob(
    'application/vnd.in-toto+json',
    json({ _type: 'https://in-toto.io/Statement/v1', subject: [{ digest: { sha256: sha256(image.bytes) } }] }),
  );
  const empty = blob('application/vnd.oci.empty.v1+json', Buffer.from('{}'));
  const attestation = manifest(empty, [statement], {
    artifactType: 'application/vnd.docker.attestation.manifest.v1+json',
    subject: descriptor(image),
  });
  const top = index([descriptor(image, { platform: named }), attestationDescriptor(attestation, image)]);
  return { image, attestation, top, blobs: [imageConfig, ...layers, statement, empty, image, attestation, top] };
}

/** Writes the layout in an archive made by `docker save` of Docker 29 or `buildx build --output type=oci`. */
export async function writeAttested(directory: string, attested: AttestedImage, name: string): Promise<string> {
  await writeFiles(join(directory, name), layout(index([descriptor(attested.top)]), attested.blobs));
  return name;
}
