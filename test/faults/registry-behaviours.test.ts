/** Registries with permanent peculiarities, as opposed to single faults. */

import { describe, expect, it } from '@jest/globals';
import { useSandbox } from '../run-pipe.ts';
import { type LocationForm, locationForms, type RegistryOptions } from '../sandbox/registry-options.ts';
import { layers, longLayers, smallLayers } from '../oci/registry/images.ts';
import { publish, sources } from '../oci/registry/publish.ts';

const mib = 1024 * 1024;

const behaviours: Readonly<Record<string, RegistryOptions>> = {
  ...Object.fromEntries(
    locationForms.flatMap((location: LocationForm) =>
      (['odd', 'none'] as const).map((locationQuery) => [
        `Location: ${location}, query: ${locationQuery}`,
        { location, locationQuery },
      ]),
    ),
  ),
  'at most 1 MB per request': { maxChunkBytes: 1_000_000 },
  'no chunked encoding': { chunkedEncoding: false },
  'a Content-Range in each PATCH': { needsContentRange: true },
  'chunks of at least 5 MiB': { minChunkBytes: 5 * mib, maxChunkBytes: 9 * mib },
  // Larger than the chunk that the pipe would begin with.
  'chunks of at least 9 MiB': { minChunkBytes: 9 * mib, maxChunkBytes: 9.5 * mib },
  'a single chunk': { maxChunks: 1 },
  'lost blobs: 404, with the digest in an object': { blobUnknownStatus: 404, blobUnknownDetail: 'object' },
  'lost blobs: without digests': { blobUnknownDetail: 'none' },
};

/** The large layer only if it must be sent in several chunks: it takes most of a test's time. */
function layersFor(name: string): readonly Buffer[] {
  if (name.startsWith('Location') || name.startsWith('lost')) return smallLayers;
  return name.startsWith('chunks') ? layers : longLayers;
}

describe.each(Object.entries(behaviours))('%s', (name, registry) => {
  const fixture = useSandbox({ registry });

  it.each(sources)('from a %s', async (source) => {
    if (name.startsWith('lost')) {
      fixture.sandbox.inject({ step: 'manifest-put', action: { kind: 'blob-unknown', drop: true, positions: [0, 2] } });
    }
    await publish(fixture, source, layersFor(name));
    if (!name.startsWith('Location')) return;
    // An upload to another host gets no token.
    const elsewhere = fixture.sandbox.requests.filter(({ server }) => server === 'blobs');
    expect(elsewhere.length > 0).toBe(registry.location === 'other-host');
    expect(elsewhere.filter(({ headers }) => headers.authorization !== undefined)).toEqual([]);
  });
});

describe('a registry that accepts no PUT with a blob', () => {
  const fixture = useSandbox();

  it.each([400, 404, 405, 411, 415, 416, 501])('and answers %d, gets each in one PATCH', async (status) => {
    const action = { kind: 'status', status } as const;
    fixture.sandbox.inject({ method: 'PUT', path: 'blobs/uploads', longerThan: 0, times: -1, action });
    await publish(fixture, 'OCI layout', smallLayers);
    const patches = fixture.sandbox.requests.filter(({ method }) => method === 'PATCH');
    expect(patches.length).toBeGreaterThan(0);
    expect(patches.filter(({ headers }) => headers['content-range'] !== undefined)).toEqual([]);
  });
});
