import { describe, expect, it } from '@jest/globals';
import { HttpError } from '../../../pipe/errors.ts';
import { parseErrorBody } from '../../../pipe/http/error-body.ts';
import {
  isBlobUnknown,
  isImmutable,
  isManifestRefused,
  isManifestUnknown,
  isTypeRefused,
  namedDigests,
} from '../../../pipe/oci/registry/refusals.ts';

interface RegistryProblem {
  readonly code?: string;
  readonly message?: string;
  readonly detail?: unknown;
}

/** The error for a registry's refusal of a manifest. */
function refused(status: number, ...errors: readonly RegistryProblem[]): HttpError {
  return refusedTo('PUT', status, ...errors);
}

function refusedTo(method: string, status: number, ...errors: readonly RegistryProblem[]): HttpError {
  const { reason = '', ...parsed } = parseErrorBody(
    Buffer.from(JSON.stringify({ errors })),
    'application/json',
    (text) => text,
  );
  return new HttpError({ method, url: 'https://registry/v2/acme/app/manifests/v1', status, reason, ...parsed });
}

const digestOfLetter = (letter: string): string => `sha256:${letter.repeat(64)}`;

describe('a refusal is recognized by its codes', () => {
  it.each([
    ['MANIFEST_BLOB_UNKNOWN', isBlobUnknown],
    ['BLOB_UNKNOWN', isBlobUnknown],
    ['MANIFEST_UNKNOWN', isManifestUnknown],
    ['TAG_EXISTS', isImmutable],
    ['TAG_IMMUTABLE', isImmutable],
    ['MANIFEST_INVALID', isTypeRefused],
    ['UNSUPPORTED', isTypeRefused],
  ])('%s, alone or after another error', (code, is) => {
    expect(is(refused(400, { code }))).toBe(true);
    expect(is(refused(400, { code: 'UNKNOWN', message: 'something else' }, { code, message: 'no' }))).toBe(true);
  });

  it.each([
    ['MANIFEST_BLOB_UNKNOWN', isBlobUnknown],
    ['BLOB_UNKNOWN', isBlobUnknown],
    ['MANIFEST_UNKNOWN', isManifestUnknown],
    ['TAG_EXISTS', isImmutable],
    ['MANIFEST_INVALID', isTypeRefused],
    ['UNSUPPORTED', isTypeRefused],
  ])('but not by its message: %s', (code, is) => {
    expect(is(refused(400, { code: 'UNKNOWN', message: `this is not ${code}` }))).toBe(false);
    expect(is(refused(400, { code: `${code}_TOO` }))).toBe(false);
  });

  it.each([
    ['DENIED', 403, 'The tag "v1" is immutable and cannot be overwritten'],
    ['TAG_INVALID', 400, "The image tag 'v1' already exists and cannot be overwritten because the tag is immutable."],
    ['PRECONDITION', 412, 'Failed to process request due to v1 configured as immutable.'],
    ['UNKNOWN', 400, 'The repository has enabled tag immutability, so existing tags cannot be moved.'],
    ['UNAUTHORIZED', 403, 'Not enough permissions to delete/overwrite artifact v1'],
    ['UNSUPPORTED', 405, 'The operation is disallowed on this registry, repository or image.'],
  ])('except an immutable tag, which has no code: %s', (code, status, message) => {
    expect(isImmutable(refused(status, { code, message }))).toBe(true);
  });
});

describe('the digests that a refusal names', () => {
  const code = 'MANIFEST_BLOB_UNKNOWN';
  const [a, b] = [digestOfLetter('a'), digestOfLetter('b')];

  it.each([
    [
      'in details, a string or an object',
      [
        { code, detail: a },
        { code, detail: { Digest: b } },
      ],
      [a, b],
    ],
    ['in a message', [{ code, message: `blob ${a} and ${a} unknown` }], [a]],
    ['nowhere', [{ code, message: 'blob unknown to registry' }, { code }], []],
    [
      'in a message that is too long to be shown in full',
      [{ code, message: Array.from('0123456789', digestOfLetter).join(', ') }],
      Array.from('0123456789', digestOfLetter),
    ],
  ])('%s', (_, errors, expected) => {
    expect([...namedDigests(refused(400, ...errors))]).toEqual(expected);
  });
});

it.each([405, 415, 422])('a %i to reading a manifest says nothing of its type', (status) => {
  expect(isTypeRefused(refused(status))).toBe(true);
  expect(isTypeRefused(refusedTo('GET', status))).toBe(false);
});

it.each([
  [400, true],
  [409, true],
  [415, true],
  [499, true],
  [399, false],
  [401, false],
  [403, false],
  [408, false],
  [425, false],
  [429, false],
  [500, false],
])('a %i to a manifest refuses its own content: %s', (status, isRefused) => {
  expect(isManifestRefused(refused(status))).toBe(isRefused);
  expect(isManifestRefused(refusedTo('GET', status))).toBe(false);
});
