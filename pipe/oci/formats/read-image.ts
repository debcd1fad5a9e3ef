/** Reads the image out of a source, whichever format it has. */

import { InputError } from '../../errors.ts';
import { printable } from '../../toolkit/stdout.ts';
import type { Choice, Image } from '../image.ts';
import type { Source } from '../sources/source.ts';
import { chooseByName } from './choose.ts';
import { listDockerImages, manifestPath, readDockerImage } from './docker-archive.ts';
import { type ImageContent, listOciImages, readOciImage } from './oci-layout.ts';
import { parsePlatform } from '../platforms.ts';

/**
 * Where an archive is both, as Docker 25 and later write it, the OCI side counts: it alone knows several platforms, and
 * the digests of what is compressed.
 *
 * @throws InputError
 */
export async function readImage(source: Source, choice: Choice): Promise<Image> {
  const wanted = choice.platform === undefined ? undefined : parsePlatform(choice.platform);
  const oci = await listOciImages(source);
  const docker = await listDockerImages(source);
  // Docker 25.0.0 left images that were saved by their ID out of index.json (moby/moby#47210, #51389).
  const isOci = oci !== undefined && (docker === undefined || oci.images.length >= docker.length);
  if (isOci) {
    const content = await readOciImage(source, oci, docker, choice.reference, wanted);
    return imageOf(source, content, docker === undefined ? 'OCI' : 'docker');
  }
  if (docker === undefined) throw noImage(source);
  const image = await readDockerImage(source, chooseByName(docker, choice.reference, source.name), wanted);
  const notes =
    oci === undefined
      ? []
      : [
          `${source.name}: index.json lists ${oci.images.length} of ${docker.length} images, so ${manifestPath} is used instead`,
        ];
  return imageOf(source, { images: [image], notes }, 'docker');
}

function imageOf(source: Source, content: ImageContent, format: 'OCI' | 'docker'): Image {
  const kind = format === 'OCI' && source.kind === 'directory' ? 'layout' : source.kind;
  const { isForwardOnly } = source;
  return { ...content, isForwardOnly, description: `${format} ${kind} ${source.name}`, close: () => source.close() };
}

function noImage(source: Source): InputError {
  const paths = [...source.paths()];
  const nested = paths.find((path) => /\/(?:index|manifest)\.json$/.test(path));
  const holds = `${source.name} holds no image: neither ${manifestPath} nor index.json is in it${source.hint}`;
  if (nested !== undefined)
    return new InputError(
      `${holds}. There is ${printable(nested)}: pack what is in the directory, not the directory, as in tar -C DIRECTORY -cf image.tar .`,
    );
  if (paths.includes('repositories'))
    return new InputError(`${holds}. It is of a Docker before 1.10, whose format registries no longer take`);
  return new InputError(
    `${holds}. Images are saved with docker save; docker export writes only a container's files, of which no image can be made`,
  );
}
