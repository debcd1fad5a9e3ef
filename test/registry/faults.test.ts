/** What registries do to a push, one fault each with default options: it ends in a published image that is right. */

import { describe, expect, it } from '@jest/globals';
import { type Bench, useBench } from '../run-pipe.ts';
import type { Fault } from '../sandbox/faults.ts';
import { type LocationForm, locationForms, type RegistryOptions } from '../sandbox/registry-options.ts';
import { imageEnvironment, layers, smallLayers, writeArchive, writeLayout } from './images.ts';

const always = -1;

interface Row {
  readonly faults: readonly Fault[];
  /** Of faults that must have been met; at least 1 unless given. */
  readonly met?: number;
  readonly extraArgs?: readonly string[];
  readonly only?: Source;
  /** The fault is one for a body that is longer than what the system's buffers take. */
  readonly needsLarge?: boolean;
}

type Source = 'docker archive' | 'OCI layout';

const writers: Readonly<Record<Source, (bench: Bench, contents: readonly Buffer[]) => Promise<string>>> = {
  'docker archive': (bench, contents) => writeArchive(bench, contents),
  'OCI layout': (bench, contents) => writeLayout(bench, contents),
};
const sources: readonly Source[] = ['docker archive', 'OCI layout'];

const mib = 1024 * 1024;
const limited = { 'retry-after': '0' };
const rows: Readonly<Record<string, Row>> = {
  'no fault': { faults: [], met: 0 },
  '503 on blob data': { faults: [{ step: 'data', times: 2, action: { kind: 'status', status: 503 } }], met: 2 },
  '503 on blob data, before it is read': {
    faults: [{ step: 'data', times: 2, action: { kind: 'status', status: 503, when: 'early' } }],
    met: 2,
    needsLarge: true,
  },
  'reset in a blob': { faults: [{ step: 'data', action: { kind: 'reset', afterBytes: 3 * mib } }], needsLarge: true },
  'reset in a blob, of which a part is kept': {
    faults: [{ step: 'data', action: { kind: 'reset-keeping-data', bytes: 3 * mib } }],
    needsLarge: true,
  },
  'reset in place of the answer to data': {
    faults: [{ step: 'data', times: 2, action: { kind: 'reset-after-store' } }],
  },
  'reset in place of the answer to the commit': { faults: [{ step: 'commit', action: { kind: 'reset-after-store' } }] },
  'reset in place of the answer to the manifest': {
    faults: [{ step: 'manifest-put', action: { kind: 'reset-after-store' } }],
  },
  'closed in a blob': { faults: [{ step: 'data', action: { kind: 'close', afterBytes: 3 * mib } }], needsLarge: true },
  '500 on commit': { faults: [{ step: 'commit', times: 2, action: { kind: 'status', status: 500 } }], met: 2 },
  '429 with Retry-After on POST': {
    faults: [{ step: 'start', action: { kind: 'status', status: 429, headers: limited } }],
  },
  '429 with Retry-After on HEAD': {
    faults: [{ step: 'blob-head', action: { kind: 'status', status: 429, headers: limited } }],
  },
  '429 with Retry-After on data': {
    faults: [{ step: 'data', action: { kind: 'status', status: 429, headers: limited } }],
  },
  '429 twice on the manifest': {
    faults: [
      { step: 'manifest-put', times: 2, action: { kind: 'status', status: 429, headers: { 'retry-after': '0' } } },
    ],
    met: 2,
  },
  '429 for a while': {
    faults: [
      {
        server: 'registry',
        step: 'start',
        forMs: 700,
        action: { kind: 'status', status: 429, headers: { 'retry-after': '1' } },
      },
    ],
  },
  '502 with HTML on the manifest': {
    faults: [
      {
        step: 'manifest-put',
        action: {
          kind: 'status',
          status: 502,
          headers: { 'content-type': 'text/html' },
          body: '<html>Bad Gateway</html>',
        },
      },
    ],
  },
  '401 on data': { faults: [{ step: 'data', action: { kind: 'expire-token' } }], needsLarge: true },
  '401 on data, once it was read': { faults: [{ step: 'data', action: { kind: 'expire-token', when: 'late' } }] },
  '401 on commit': { faults: [{ step: 'commit', action: { kind: 'expire-token' } }] },
  '401 on the manifest': { faults: [{ step: 'manifest-put', action: { kind: 'expire-token' } }] },
  'a blob that is lost before the manifest comes': {
    faults: [{ step: 'manifest-put', action: { kind: 'blob-unknown', drop: true } }],
  },
  'the large blob lost': {
    faults: [{ step: 'manifest-put', action: { kind: 'blob-unknown', drop: true, positions: [2] } }],
    needsLarge: true,
  },
  'config and a layer lost': {
    faults: [{ step: 'manifest-put', action: { kind: 'blob-unknown', drop: true, positions: [0, 3] } }],
  },
  'a blob that is said to be lost': {
    faults: [{ step: 'manifest-put', action: { kind: 'blob-unknown', drop: false } }],
  },
  'PATCH answers 405': {
    faults: [{ method: 'PATCH', times: always, action: { kind: 'status', status: 405 } }],
    only: 'docker archive',
    needsLarge: true,
  },
  'PUT with content answers 405': {
    faults: [{ method: 'PUT', step: 'data', times: always, action: { kind: 'status', status: 405 } }],
    only: 'OCI layout',
  },
  '413 when longer than 1 MB': {
    faults: [{ longerThan: 1_000_000, times: always, action: { kind: 'status', status: 413 } }],
    only: 'OCI layout',
    needsLarge: true,
  },
  '413 when longer than 1 MB, before it is read': {
    faults: [{ longerThan: 1_000_000, times: always, action: { kind: 'status', status: 413, when: 'early' } }],
    only: 'OCI layout',
    needsLarge: true,
  },
  'HEAD answers 403': { faults: [{ method: 'HEAD', times: always, action: { kind: 'status', status: 403 } }] },
  'HEAD answers 405': { faults: [{ method: 'HEAD', times: always, action: { kind: 'status', status: 405 } }] },
  'no Range': { faults: [{ times: always, action: { kind: 'omit-headers', names: ['range'] } }] },
  'no Docker-Content-Digest': {
    faults: [{ times: always, action: { kind: 'omit-headers', names: ['docker-content-digest'] } }],
  },
  'the manifest answers 200': {
    faults: [{ step: 'manifest-put', times: always, action: { kind: 'other-status', status: 200 } }],
  },
  'an answer to data before the end of it': {
    faults: [{ step: 'data', action: { kind: 'early-success' } }],
    needsLarge: true,
  },
  'an answer to the manifest before the end of it': {
    faults: [{ step: 'manifest-put', action: { kind: 'early-success' } }],
    met: 0,
  },
  'stall in a blob': {
    faults: [{ step: 'data', action: { kind: 'stall', afterBytes: mib } }],
    extraArgs: ['--timeout', '1'],
    needsLarge: true,
  },
  'stall of an answer': {
    faults: [{ step: 'commit', action: { kind: 'stall-answer' } }],
    extraArgs: ['--timeout', '1'],
  },
  'content that arrives damaged': { faults: [{ step: 'data', action: { kind: 'store-corrupt' } }], needsLarge: true },
};

async function publish(
  bench: Bench,
  source: Source,
  contents: readonly Buffer[],
  ...extraArgs: readonly string[]
): Promise<void> {
  const { exitCode, output } = await bench.runPipe(
    imageEnvironment(bench, await writers[source](bench, contents), ...extraArgs),
  );
  expect({ exitCode, output: exitCode === 0 ? '' : output }).toEqual({ exitCode: 0, output: '' });
  expect(await bench.sandbox.registry.pullProblems('acme/app', 'v1')).toEqual([]);
}

describe.each(sources)('from a %s', (source) => {
  const bench = useBench();

  const applicable = Object.entries(rows).filter(([, { only = source }]) => only === source);
  it.each(applicable)('%s', async (_, { faults, met = 1, extraArgs = [], needsLarge = false }) => {
    for (const fault of faults) bench.sandbox.inject(fault);
    await publish(bench, source, needsLarge ? layers : smallLayers, ...extraArgs);
    const faulty = bench.sandbox.requests.filter(({ fault }) => fault !== undefined);
    expect(faulty.length).toBeGreaterThanOrEqual(met);
  });
});

/** Registries that are different from the start, rather than failing once. */
const behaviours: Readonly<Record<string, RegistryOptions>> = {
  ...Object.fromEntries(
    locationForms.flatMap((location: LocationForm) =>
      (['odd', 'none'] as const).map((locationQuery) => [
        `Location: ${location}, query: ${locationQuery}`,
        { location, locationQuery },
      ]),
    ),
  ),
  'at most 1 MB a request': { maxChunkBytes: 1_000_000 },
  'no chunked encoding': { chunkedEncoding: false },
  'a Content-Range in each PATCH': { needsContentRange: true },
  'parts of 5 MiB': { minChunkBytes: 5 * mib, maxChunkBytes: 9 * mib },
  'one part only': { maxChunks: 1 },
  'lost blobs answered with 404, digest in an object': { blobUnknownStatus: 404, blobUnknownDetail: 'object' },
  'lost blobs without their names': { blobUnknownDetail: 'none' },
};

describe.each(Object.entries(behaviours))('%s', (name, registry) => {
  const bench = useBench({ registry });

  it.each(sources)('from a %s', async (source) => {
    if (name.startsWith('lost')) {
      bench.sandbox.inject({ step: 'manifest-put', action: { kind: 'blob-unknown', drop: true, positions: [0, 2] } });
    }
    await publish(bench, source, name.startsWith('Location') || name.startsWith('lost') ? smallLayers : layers);
    if (!name.startsWith('Location')) return;
    // Where the upload was elsewhere, the token was not.
    const elsewhere = bench.sandbox.requests.filter(({ server }) => server === 'blobs');
    expect(elsewhere.length > 0).toBe(registry.location === 'other-host');
    expect(elsewhere.filter(({ headers }) => headers.authorization !== undefined)).toEqual([]);
  });
});
