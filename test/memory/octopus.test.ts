import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { answer, type Exchange, serve } from '../http/test-servers.ts';
import { startBundle } from '../run-bundle.ts';
import { tokens } from '../sandbox/tokens.ts';
import { writeSparse } from './sparse.ts';

const chunkBytes = 2048;
/** Of a longer one, the signature would be too large to be read, and the package would be sent whole. */
const packageBytes = 1_900_000_000;
const changed = Buffer.from('what is new');

/** The signature of as many zeros, by octodiff (see sandbox/octopus-delta.ts). */
function signatureOfZeros(): string {
  const entry = Buffer.alloc(26);
  entry.writeUInt16LE(chunkBytes);
  entry.writeUInt32LE(chunkBytes * 2 ** 16 + 1, 2);
  createHash('sha1').update(Buffer.alloc(chunkBytes)).digest().copy(entry, 6);
  const head = Buffer.from('OCTOSIG\u0001\u0004SHA1\u0007Adler32>>>');
  const chunks = Math.floor(packageBytes / chunkBytes);
  return Buffer.concat([head, Buffer.alloc(entry.length * chunks, entry)]).toString('base64');
}

let directory = '';
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'octopus-memory-'));
});
afterEach(async () => {
  await rm(directory, { recursive: true });
});

it('a package of 1.9 GB takes at most 160 MB when a delta to the largest base is sent', async () => {
  await writeSparse(join(directory, 'app.1.0.0.zip'), { zeros: packageBytes, end: changed });
  const signature = JSON.stringify({ Signature: signatureOfZeros(), BaseVersion: '0.9.0' });
  const sent: number[] = [];
  await using server = await serve(async (exchange: Exchange) => {
    const { method, target } = exchange.received;
    const isDelta = /^POST .*\/app\/0\.9\.0\/delta\?/.test(`${method} ${target}`);
    const stored = { Id: 'packages-app.1.0.0', PackageId: 'app', Version: '1.0.0' };
    await (
      target.includes('/delta-signature')
        ? answer(200, signature)
        : isDelta
          ? answer(201, JSON.stringify(stored))
          : answer(404)
    )(exchange);
    if (isDelta) sent.push(exchange.received.body.length);
  });
  const env = { TYPE: 'octopus', REGISTRY: server.origin, TOKEN: tokens.octopusKey, FILENAME: 'app.1.0.0.zip' };
  const running = startBundle({ ...env, EXTRA_ARGS: "['--no-build-information']" }, { cwd: directory });
  const { exitCode, output, peakBytes } = await running.ended;
  expect({ exitCode, output }).toEqual({ exitCode: 0, output: expect.stringContaining('✔ ') });
  expect(sent).toEqual([expect.any(Number)]);
  expect(sent[0]).toBeLessThan(3 * chunkBytes);
  expect(peakBytes).toBeLessThan(160e6);
}, 120_000);
