import { describe, expect, it } from '@jest/globals';
import type { Fault } from '../sandbox/faults.ts';
import { patience, patienceSeconds } from '../patience.ts';
import { large, usePublishFixture } from '../destinations/downloads/publish-fixture.ts';

const { fixture, write, landed, requests } = usePublishFixture();

describe('a transient fault is survived, and the server has the right content', () => {
  const transient: readonly (readonly [string, Fault['action']])[] = [
    ...[408, 500, 502, 503, 504].map(
      (status) => [`status ${status}, after the body`, { kind: 'status', status }] as const,
    ),
    ['429 with Retry-After', { kind: 'status', status: 429, headers: { 'Retry-After': '1' } }],
    ['503 before the body was read', { kind: 'status', status: 503, when: 'early' }],
    [
      '502 with a web page',
      {
        kind: 'status',
        status: 502,
        headers: { 'Content-Type': 'text/html' },
        body: '<html><title>Bad gateway</title></html>',
      },
    ],
    ['reset at the start', { kind: 'reset' }],
    ['reset in the middle', { kind: 'reset', afterBytes: 6_000_000 }],
    ['reset after storing, without an answer', { kind: 'reset-after-store' }],
    ['closed in the middle', { kind: 'close', afterBytes: 6_000_000 }],
    ['closed without an answer', { kind: 'close', afterBytes: large.length }],
    ['201 before the body was read', { kind: 'early-success' }],
    ['a huge error body', { kind: 'huge-body', status: 503, bytes: 50_000_000 }],
  ];

  it.each(transient)('%s', async (_, action) => {
    const sha256 = await write('large.bin', large);
    await write('other.txt');
    fixture.sandbox.inject({ method: 'POST', filename: 'large.bin', action });
    const { exitCode, output } = await fixture.upload('*');
    expect(output).toMatch(/WARNING: large.bin: .*Trying again/);
    expect(exitCode).toBe(0);
    expect(landed()['large.bin']).toBe(sha256);
    expect(landed()).toHaveProperty(['other.txt']);
  });

  it.each([
    ['a listing that is cut off', { kind: 'truncate-content', bytes: 20 }],
    ['a listing with 503', { kind: 'status', status: 503 }],
    ['a listing with a reset', { kind: 'reset' }],
  ] as const)('%s', async (_, action) => {
    await write('a.txt');
    fixture.sandbox.put('b.txt', 'x');
    fixture.sandbox.inject({ method: 'GET', action });
    expect((await fixture.upload('a.txt', '--skip-existing')).exitCode).toBe(0);
    expect(landed()).toHaveProperty(['a.txt']);
  });

  it.each([
    ['stops reading', { kind: 'stall', afterBytes: 1_000_000 }],
    ['stores the file, but never answers', { kind: 'stall-answer' }],
  ] as const)('if the server %s, the upload is retried after --timeout', async (_, action) => {
    const sha256 = await write('large.bin', large);
    fixture.sandbox.inject({ filename: 'large.bin', action });
    const { exitCode, output } = await fixture.upload('*', '--timeout', patienceSeconds(1));
    expect(output).toContain('no progress for ');
    expect(exitCode).toBe(0);
    expect(landed()).toEqual({ 'large.bin': sha256 });
  });

  it('a slow upload may take longer than --timeout while bytes move', async () => {
    // When the last byte is written, some MB are still in the system's buffers: they must be sent within the timeout.
    const sha256 = await write('large.bin', Buffer.alloc(20_000_000, 'pipe'));
    const timeout = patienceSeconds(1);
    const action = { kind: 'trickle', bytesPerSecond: 13_000_000 / Number(timeout) } as const;
    fixture.sandbox.inject({ filename: 'large.bin', action });
    const { exitCode, output, ms } = await fixture.upload('*', '--timeout', timeout);
    expect(ms).toBeGreaterThan(1_100 * Number(timeout));
    expect(output).not.toContain('Trying again');
    expect(exitCode).toBe(0);
    expect(landed()).toEqual({ 'large.bin': sha256 });
  });

  it('Retry-After on one request pauses all requests', async () => {
    for (let index = 0; index < 8; index++) await write(`${index}.txt`);
    fixture.sandbox.inject({
      method: 'POST',
      action: { kind: 'status', status: 429, headers: { 'Retry-After': '1' }, body: 'Rate limit exceeded' },
    });
    const { exitCode } = await fixture.upload('*.txt', '--concurrency', '1');
    expect(exitCode).toBe(0);
    const posts = fixture.sandbox.requests.filter(({ method }) => method === 'POST');
    const refused = posts.find(({ status }) => status === 429);
    const next = posts[posts.indexOf(refused as (typeof posts)[number]) + 1];
    expect((next?.startedAt ?? 0) - (refused?.endedAt ?? 0)).toBeGreaterThan(990);
  });
});

describe('a permanent fault fails, and the output lists the state of each file', () => {
  it.each([
    [
      '400',
      {
        kind: 'status',
        status: 400,
        body: '{"type":"error","error":{"message":"Bad request","fields":{"files":["is wrong"]}}}',
      },
      'Bad request: files: is wrong',
    ],
    [
      '413',
      { kind: 'status', status: 413, body: '{"error":"Request entity too large"}' },
      'refuses files of this size',
    ],
    [
      'a redirect',
      { kind: 'redirect', status: 301, location: 'https://elsewhere.example/2.0/x?secret=1' },
      'https://elsewhere.example/2.0/x?secret=***',
    ],
  ] as const)('%s: fails immediately, after one request', async (_, action, text) => {
    await write('a.txt');
    fixture.sandbox.inject({ method: 'POST', times: Infinity, action });
    const { exitCode, output } = await fixture.upload('a.txt');
    expect(exitCode).toBe(1);
    expect(output).toContain(text);
    expect(output).toContain('a.txt: NOT published');
    expect(requests('POST')).toBe(1);
    expect(landed()).toEqual({});
  });

  it('503 every time: fails after --retries, and names the server as the cause', async () => {
    await write('a.txt');
    fixture.sandbox.inject({ method: 'POST', times: Infinity, action: { kind: 'status', status: 503 } });
    const { exitCode, output } = await fixture.upload('a.txt', '--retries', '2');
    expect(exitCode).toBe(1);
    expect(requests('POST')).toBe(3);
    expect(output).toContain('giving up after 3 attempts');
    expect(output).toContain("What to do: The problem is on the server's side. It is safe to run the step again;");
  });

  it('an upload that is stored but never confirmed is reported as such', async () => {
    await write('a.txt');
    fixture.sandbox.inject({ method: 'POST', times: Infinity, action: { kind: 'reset-after-store' } });
    const { exitCode, output } = await fixture.upload('a.txt', '--retries', '1');
    expect(exitCode).toBe(1);
    expect(output).toContain('a.txt: sent, but not confirmed by the server');
  });

  it('a Retry-After of an hour fails immediately', async () => {
    await write('a.txt');
    fixture.sandbox.inject({
      method: 'POST',
      times: Infinity,
      action: {
        kind: 'status',
        status: 429,
        headers: { 'Retry-After': '3600' },
        body: 'Rate limit for this resource has been exceeded',
      },
    });
    const { exitCode, output, ms } = await fixture.upload('a.txt');
    expect(exitCode).toBe(1);
    expect(ms).toBeLessThan(patience(5_000));
    expect(output).toContain('429 Rate limit for this resource has been exceeded');
    expect(output).toContain('limits the rate of requests');
  });

  it('after a failure no other file is started, and a second run with --skip-existing completes the work', async () => {
    const names = Array.from({ length: 6 }, (_, index) => `${index}.txt`);
    for (const [index, name] of names.entries()) await write(name, 'x'.repeat(10 - index));
    fixture.sandbox.inject({ filename: '2.txt', action: { kind: 'status', status: 413 } });
    const first = await fixture.upload('*.txt', '--concurrency', '1');
    expect(first.exitCode).toBe(1);
    expect(Object.keys(landed())).toEqual(['0.txt', '1.txt']);
    for (const name of ['0.txt', '1.txt']) expect(first.output).toContain(`  ${name}: published, http`);
    expect(first.output).toContain('  2.txt: NOT published\n');
    for (const name of ['3.txt', '4.txt', '5.txt']) expect(first.output).toContain(`  ${name}: not attempted`);

    const second = await fixture.upload('*.txt', '--skip-existing');
    expect(second.exitCode).toBe(0);
    expect(Object.keys(landed()).sort()).toEqual(names);
    expect([...fixture.sandbox.downloads.values()].every(({ uploads }) => uploads === 1)).toBe(true);
  });

  it.each([
    [
      'a listing that is not JSON',
      { kind: 'malformed-json' },
      'something that is not a listing of downloads: it is not valid JSON',
    ],
    ['an endless listing', { kind: 'huge-body', status: 200, bytes: -1 }, 'is longer than'],
  ] as const)('%s', async (_, action, text) => {
    await write('a.txt');
    fixture.sandbox.inject({ method: 'GET', times: Infinity, action });
    const { exitCode, output } = await fixture.upload('a.txt', '--no-clobber');
    expect(exitCode).toBe(1);
    expect(output).toContain(text);
    expect(landed()).toEqual({});
  });
});
