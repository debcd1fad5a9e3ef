/** Reads an image from a source, in either format. */

import { InputError } from '../../errors.ts';
import { printable } from '../../toolkit/stdout.ts';
import type { Choice, Image } from '../image.ts';
import type { Source } from '../sources/source.ts';
import { chooseByName } from './choose.ts';
import { listDockerImages, manifestPath, readDockerImage } from './docker-archive.ts';
import { type ImageContent, listOciImages, readOciImage } from './oci-layout.ts';
import { parsePlatform } from '../platforms.ts';

/**
 * Reads the image that `choice` selects. If an archive has both formats, as Docker 25 and later write it, OCI is used: only
 * OCI has several platforms, and digests of compressed layers.
 *
 * @throws InputError if there is no such image, or if it is damaged or incomplete
 */
export async function readImage(source: Source, choice: Choice): Promise<Image> {
  const wanted = choice.platform === undefined ? undefined : parsePlatform(choice.platform);
  const oci = await listOciImages(source);
  const docker = await listDockerImages(source);
  // Docker 25.0.0 leaves images that are saved by their ID out of index.json (moby/moby#47210, #51389).
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
          `${source.name}: index.json lists only ${oci.images.length} of ${docker.length} images. Using ${manifestPath} instead`,
        ];
  return imageOf(source, { images: [image], notes }, 'docker');
}

function imageOf(source: Source, content: ImageContent, format: 'OCI' | 'docker'): Image {
  const { isForwardOnly, kind, name } = source;
  const shownKind = format === 'OCI' && kind === 'directory' ? 'layout' : kind;
  const description = kind === 'engine' ? name : `${format} ${shownKind} ${name}`;
  return { ...content, isForwardOnly, description, close: () => source.close() };
}

function noImage(source: Source): InputError {
  const paths = [...source.paths()];
  const nested = paths.find((path) => /\/(?:index|manifest)\.json$/.test(path));
  const problem = `${source.name} does not contain an image: it has neither ${manifestPath} nor index.json${source.hint}`;
  if (nested !== undefined)
    return new InputError(
      `${problem}. It has ${printable(nested)}: archive the content of the directory, not the directory itself, as in tar -C DIRECTORY -cf image.tar .`,
    );
  if (paths.includes('repositories'))
    return new InputError(
      `${problem}. It was saved by a Docker older than 1.10, in a format that registries no longer accept`,
    );
  return new InputError(`${problem}. Save images with docker save; docker export writes only a container's files`);
}
