/** Pushes images to registries with one fault each, with default options: the right image must be published. */

import { describe, expect, it } from '@jest/globals';
import { useSandbox } from '../run-pipe.ts';
import type { Fault } from '../sandbox/faults.ts';
import { longLayers, smallLayers } from '../oci/registry/images.ts';
import { patienceSeconds } from '../patience.ts';
import { publish, type Source } from '../oci/registry/publish.ts';

const always = -1;

interface Row {
  readonly faults: readonly Fault[];
  /** The minimum number of faults that must occur. Default: 1. */
  readonly met?: number;
  /** The server stalls: the pipe runs with a timeout of a second. */
  readonly isSilent?: boolean;
  readonly only?: Source;
  /** The fault needs a body longer than the system's buffers. */
  readonly needsLong?: boolean;
}

const mib = 1024 * 1024;
const limited = { 'retry-after': '0' };
const rows: Readonly<Record<string, Row>> = {
  'no fault': { faults: [], met: 0 },
  '503 on blob data': { faults: [{ step: 'data', times: 2, action: { kind: 'status', status: 503 } }], met: 2 },
  '503 on blob data, before it is read': {
    faults: [{ step: 'data', times: 2, action: { kind: 'status', status: 503, when: 'early' } }],
    met: 2,
    needsLong: true,
  },
  'reset in a blob': { faults: [{ step: 'data', action: { kind: 'reset', afterBytes: mib } }], needsLong: true },
  'reset in a blob, part of which is kept': {
    faults: [{ step: 'data', action: { kind: 'reset-keeping-data', bytes: mib } }],
    needsLong: true,
  },
  'reset instead of the answer to data': {
    faults: [{ step: 'data', times: 2, action: { kind: 'reset-after-store' } }],
  },
  'reset instead of the answer to the commit': { faults: [{ step: 'commit', action: { kind: 'reset-after-store' } }] },
  'reset instead of the answer to the manifest': {
    faults: [{ step: 'manifest-put', action: { kind: 'reset-after-store' } }],
  },
  'closed in a blob': { faults: [{ step: 'data', action: { kind: 'close', afterBytes: mib } }], needsLong: true },
  '500 on commit': { faults: [{ step: 'commit', times: 2, action: { kind: 'status', status: 500 } }], met: 2 },
  '429 with Retry-After on POST': {
    faults: [{ step: 'start', action: { kind: 'status', status: 429, headers: limited } }],
  },
  '429 with Retry-After on HEAD': {
    faults: [{ step: 'blob-head', action: { kind: 'status', status: 429, headers: limited } }],
    only: 'OCI layout',
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
  '401 on data': { faults: [{ step: 'data', action: { kind: 'expire-token' } }], needsLong: true },
  '401 on data, after it is read': { faults: [{ step: 'data', action: { kind: 'expire-token', when: 'late' } }] },
  '401 on commit': { faults: [{ step: 'commit', action: { kind: 'expire-token' } }] },
  '401 on the manifest': { faults: [{ step: 'manifest-put', action: { kind: 'expire-token' } }] },
  'a blob that is lost before the manifest is sent': {
    faults: [{ step: 'manifest-put', action: { kind: 'blob-unknown', drop: true } }],
  },
  'the large blob lost': {
    faults: [{ step: 'manifest-put', action: { kind: 'blob-unknown', drop: true, positions: [2] } }],
    needsLong: true,
  },
  'config and a layer lost': {
    faults: [{ step: 'manifest-put', action: { kind: 'blob-unknown', drop: true, positions: [0, 3] } }],
  },
  'a blob that is reported lost but exists': {
    faults: [{ step: 'manifest-put', action: { kind: 'blob-unknown', drop: false } }],
  },
  'PATCH answers 405': {
    faults: [{ method: 'PATCH', times: always, action: { kind: 'status', status: 405 } }],
    only: 'docker archive',
    needsLong: true,
  },
  'PUT with content answers 405': {
    faults: [{ method: 'PUT', step: 'data', times: always, action: { kind: 'status', status: 405 } }],
    only: 'OCI layout',
  },
  '413 when longer than 1 MB': {
    faults: [{ longerThan: 1_000_000, times: always, action: { kind: 'status', status: 413 } }],
    only: 'OCI layout',
    needsLong: true,
  },
  '413 when longer than 1 MB, before it is read': {
    faults: [{ longerThan: 1_000_000, times: always, action: { kind: 'status', status: 413, when: 'early' } }],
    only: 'OCI layout',
    needsLong: true,
  },
  'HEAD answers 403': {
    faults: [{ method: 'HEAD', times: always, action: { kind: 'status', status: 403 } }],
    only: 'OCI layout',
  },
  'HEAD answers 405': {
    faults: [{ method: 'HEAD', times: always, action: { kind: 'status', status: 405 } }],
    only: 'OCI layout',
  },
  'no Range': { faults: [{ times: always, action: { kind: 'omit-headers', names: ['range'] } }] },
  'no Docker-Content-Digest': {
    faults: [{ times: always, action: { kind: 'omit-headers', names: ['docker-content-digest'] } }],
  },
  'the manifest answers 200': {
    faults: [{ step: 'manifest-put', times: always, action: { kind: 'other-status', status: 200 } }],
  },
  'a web page as the answer to a stored blob': {
    faults: [{ step: 'commit', action: { kind: 'other-status', status: 200, page: '<html>Hello</html>' } }],
  },
  'a web page as the answer to the stored manifest': {
    faults: [{ step: 'manifest-put', action: { kind: 'other-status', status: 201, page: '<html>Hello</html>' } }],
  },
  'an answer before the end of data': {
    faults: [{ step: 'data', action: { kind: 'early-success' } }],
    needsLong: true,
  },
  'an answer before the end of the manifest': {
    faults: [{ step: 'manifest-put', action: { kind: 'early-success' } }],
    met: 0,
  },
  'stall in a blob': {
    faults: [{ step: 'data', action: { kind: 'stall', afterBytes: mib } }],
    isSilent: true,
    needsLong: true,
  },
  'stall of an answer': {
    faults: [{ step: 'commit', action: { kind: 'stall-answer' } }],
    isSilent: true,
  },
  'content that is damaged in transit': {
    faults: [{ step: 'data', action: { kind: 'store-corrupt' } }],
    needsLong: true,
  },
};

/** Declares a test for each fault. */
export function testFaults(source: Source): void {
  describe(`from a ${source}`, () => {
    const fixture = useSandbox();

    const applicable = Object.entries(rows).filter(([, { only = source }]) => only === source);
    it.each(applicable)('%s', async (_, { faults, met = 1, isSilent = false, needsLong = false }) => {
      for (const fault of faults) fixture.sandbox.inject(fault);
      const extraArgs = isSilent ? ['--timeout', patienceSeconds(1)] : [];
      await publish(fixture, source, needsLong ? longLayers : smallLayers, ...extraArgs);
      const faulty = fixture.sandbox.requests.filter(({ fault }) => fault !== undefined);
      expect(faulty.length).toBeGreaterThanOrEqual(met);
    });
  });
}
