import { describe, expect, it } from '@jest/globals';
import { InputError } from '../../../pipe/errors.ts';
import type { Descriptor } from '../../../pipe/oci/image.ts';
import {
  checkManifest,
  isAttestation,
  isReferrer,
  kindOf,
  parseIndex,
  parseManifest,
  platformOf,
  subjectOf,
  subjectsOf,
} from '../../../pipe/oci/formats/manifests.ts';
import { type Json, json, ociTypes, sha256 } from '../fixtures.ts';

const digest = sha256('it');
const other = sha256('other');
const described = (more: Json = {}): Descriptor => ({ mediaType: ociTypes.manifest, digest, size: 2, ...more });
const annotated = (annotations: unknown): Descriptor => described({ annotations });

describe('a descriptor is that of a referrer', () => {
  it.each<[string, Descriptor, boolean]>([
    ['if containerd says so', annotated({ 'io.containerd.manifest.subject': other }), true],
    ['if cosign saved it as signatures', annotated({ kind: 'dev.cosignproject.cosign/sigs' }), true],
    ['if cosign saved it as attestations', annotated({ kind: 'dev.cosignproject.cosign/atts' }), true],
    ['but not if cosign saved it as the image', annotated({ kind: 'dev.cosignproject.cosign/image' }), false],
    ['but not if it is of an unknown kind', annotated({ kind: 'dev.cosignproject.cosign/sigs/more' }), false],
    ['but not if the kind is no text', annotated({ kind: ['dev.cosignproject.cosign/sigs'] }), false],
    ['but not without annotations', described(), false],
    ['but not if annotations are a text', annotated('kind'), false],
  ])('%s', (_, descriptor, expected) => {
    expect(isReferrer(descriptor)).toBe(expected);
  });
});

describe('a descriptor is that of an attestation', () => {
  const unknown = { os: 'unknown', architecture: 'unknown' };

  it.each<[string, Descriptor, boolean]>([
    ['if it says of what type', annotated({ 'vnd.docker.reference.type': 'attestation-manifest' }), true],
    ['if its platform is unknown', described({ platform: unknown }), true],
    ['but not if only its system is', described({ platform: { ...unknown, architecture: 'amd64' } }), false],
    ['but not if only its processor is', described({ platform: { ...unknown, os: 'linux' } }), false],
    ['but not if it has no platform', described(), false],
  ])('%s', (_, descriptor, expected) => {
    expect([isAttestation(descriptor), platformOf(descriptor, 'it') === undefined]).toEqual([
      expected,
      expected || descriptor['platform'] === undefined,
    ]);
  });

  it.each([undefined, null])('and has a platform unless it is %s', (platform) => {
    expect(platformOf(described({ platform }), 'it')).toBeUndefined();
    expect(platformOf(described({ platform: { os: 'linux', architecture: 'arm64' } }), 'it')).toMatchObject({
      os: 'linux',
      architecture: 'arm64',
    });
  });
});

describe('what a manifest refers to', () => {
  const attested = annotated({ 'vnd.docker.reference.digest': other });

  it.each<[string, Descriptor, Json, readonly string[]]>([
    ['its subject', described(), { subject: { digest } }, [digest]],
    ['what its descriptor says', attested, {}, [other]],
    ['both', attested, { subject: { digest } }, [digest, other]],
    ['both, if they are the same', attested, { subject: { digest: other } }, [other]],
    ['nothing', described(), {}, []],
    ['nothing that is no text', annotated({ 'vnd.docker.reference.digest': 1 }), { subject: { digest: 1 } }, []],
  ])('%s', (_, descriptor, fields, expected) => {
    expect(subjectsOf(descriptor, fields)).toEqual(expected);
    expect(subjectOf(fields)).toBe(
      expected.find((each) => each === (fields['subject'] as Json | undefined)?.['digest']),
    );
  });
});

describe('a document is a manifest', () => {
  it.each<[string, Json, boolean]>([
    ['if it has a schemaVersion', { schemaVersion: 1 }, true],
    ['if it has a media type', { mediaType: ociTypes.manifest }, true],
    ['but not if it has neither', { ok: true }, false],
    ['but not if they are of other types', { schemaVersion: '2', mediaType: 1 }, false],
  ])('%s', (_, document, expected) => {
    const check = (): void => checkManifest(json(document), 'it');
    if (expected) expect(check).not.toThrow();
    else expect(check).toThrow('it is not a manifest: schemaVersion is missing');
  });

  it.each<[string, Json]>([
    ['a manifest', { config: described(), layers: [described()] }],
    ['an index', { manifests: [described()] }],
    ['an index of nothing, as Docker 25.0.0 writes it', { manifests: null }],
  ])('or %s, but not both', (_, fields) => {
    const parse = (more: Json): unknown => {
      const bytes = json({ schemaVersion: 2, ...fields, ...more });
      if ('config' in fields) return parseManifest(bytes, ociTypes.manifest, 'it').layers.map((each) => each.digest);
      return parseIndex(bytes, ociTypes.index, 'it').manifests.map((each) => each.digest);
    };
    expect(parse({})).toEqual(fields['manifests'] === null ? [] : [digest]);
    for (const more of 'config' in fields ? [{ manifests: [] }] : [{ layers: [] }, { config: described() }])
      expect(() => parse(more)).toThrow(/^it is both /);
    expect(() => parse({ schemaVersion: 1 })).toThrow('it is a schema 1 manifest');
    expect(() => parse({ fsLayers: [] })).toThrow('it is a schema 1 manifest');
    expect(() => parse({ schemaVersion: 3 })).toThrow('it: schemaVersion is not 2');
    expect(() => parse({ mediaType: 'other' })).toThrow('it has the media type other, but its descriptor says');
    expect(() => parse({ mediaType: 1 })).toThrow('it has the media type number, but its descriptor says');
    expect(parse({ mediaType: '' })).toBeDefined();
  });
});

it.each([
  [ociTypes.manifest, 'manifest'],
  ['application/vnd.docker.distribution.manifest.v2+json', 'manifest'],
  [ociTypes.index, 'index'],
  ['application/vnd.docker.distribution.manifest.list.v2+json', 'index'],
])('%s is the type of the %s', (mediaType, expected) => {
  expect(kindOf(described({ mediaType }), 'it')).toBe(expected);
});

it.each([
  ['application/vnd.docker.distribution.manifest.v1+prettyjws', 'it is a schema 1 manifest'],
  [ociTypes.config, `it is of type ${ociTypes.config}, neither an image nor an index of images`],
])('%s is the type of neither', (mediaType, message) => {
  expect(() => kindOf(described({ mediaType }), 'it')).toThrow(new InputError(message).message);
});
