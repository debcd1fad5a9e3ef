import { describe, expect, it } from '@jest/globals';
import { isForeignType, layerEncoding, oci, encodingOf, toDocker, toOci } from '../../pipe/oci/media-types.ts';

const ociLayer = 'application/vnd.oci.image.layer.v1.tar';
const ociForeign = 'application/vnd.oci.image.layer.nondistributable.v1.tar';
const dockerLayer = 'application/vnd.docker.image.rootfs.diff.tar';
const dockerForeign = 'application/vnd.docker.image.rootfs.foreign.diff.tar';

describe('layer types map to a compression, and to their OCI or Docker equivalent', () => {
  it.each([
    [ociLayer, 'none', 'none', dockerLayer],
    [`${ociLayer}+gzip`, 'gzip', 'gzip', `${dockerLayer}.gzip`],
    [`${ociLayer}+zstd`, 'zstd', 'zstd', undefined],
    [ociForeign, 'none', undefined, dockerForeign],
    [`${ociForeign}+gzip`, 'gzip', undefined, `${dockerForeign}.gzip`],
    [`${ociForeign}+zstd`, 'zstd', undefined, undefined],
  ] as const)('%s', (type, encoding, layer, docker) => {
    expect([encodingOf(type), layerEncoding(type), toDocker(type), toOci(type)]).toEqual([
      encoding,
      layer,
      docker,
      type,
    ]);
    expect(isForeignType(type)).toBe(type.startsWith(ociForeign));
    if (docker === undefined) return;
    expect([encodingOf(docker), layerEncoding(docker), toDocker(docker), toOci(docker)]).toEqual([
      encoding,
      layer,
      docker,
      type,
    ]);
  });

  it("containerd's Docker type for zstd is read, but never written", () => {
    const type = `${dockerLayer}.zstd`;
    expect([encodingOf(type), layerEncoding(type), toDocker(type), toOci(type)]).toEqual([
      'zstd',
      undefined,
      undefined,
      type,
    ]);
  });

  it.each(['application/vnd.in-toto+json', `${ociLayer}+gzip+encrypted`, `${ociLayer}+xz`, ''])(
    '%j is opaque',
    (type) => {
      expect([encodingOf(type), layerEncoding(type), toDocker(type), toOci(type)]).toEqual([
        'opaque',
        undefined,
        undefined,
        type,
      ]);
    },
  );

  it('every compression has an OCI type', () => {
    expect(oci.layer).toEqual({ none: ociLayer, gzip: `${ociLayer}+gzip`, zstd: `${ociLayer}+zstd` });
  });
});
