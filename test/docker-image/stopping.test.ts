import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import { patience } from '../patience.ts';
import { useStep } from './run-pipe.ts';

const step = useStep();

const signals = [
  ['SIGTERM', 143, { kind: 'trickle', bytesPerSecond: 100_000 }],
  ['SIGINT', 130, { kind: 'stall', afterBytes: 100_000 }],
] as const;

it.each(signals)(
  '%s stops a slow upload within 2 s, and the output lists what was published',
  async (name, code, action) => {
    // The largest is uploaded first.
    await step.write('module/dist/largest.bin', Buffer.alloc(64_000_000, 'largest'));
    await step.write('module/dist/large.bin', Buffer.alloc(32_000_000, 'large'));
    await step.write('module/dist/small.txt', 'small');
    await step.sandbox.inject({ method: 'POST', filename: 'large.bin', action });
    const running = step.start({ FILENAME: 'dist/*', EXTRA_ARGS: "['--concurrency', '1']" });
    await untilUnderWay();
    const signalledAt = Date.now();
    await running.signal(name);
    const { exitCode, output, endedAt } = await running.ended;
    expect({ exitCode, output }).toEqual({ exitCode: code, output: expect.stringContaining(`✖ Stopped by ${name}`) });
    expect(endedAt.getTime() - signalledAt).toBeLessThan(patience(2_000));
    expect(output).toMatch(/ {2}largest\.bin: published/);
    expect(output).toMatch(/ {2}large\.bin: NOT published/);
    expect(output).toMatch(/ {2}small\.txt: not attempted/);
    const { downloads } = await step.sandbox.state();
    expect(downloads.map(({ name: download, size }) => [download, size])).toEqual([['largest.bin', 64_000_000]]);
  },
);

describe('a name server that does not answer', () => {
  // The system's resolver waits for it for at least ten seconds, and cannot be interrupted.
  const address = '127.0.0.53';
  let closeServer = (): unknown => undefined;
  afterEach(() => void closeServer());
  const env = { API_URL: 'https://silent.example/2.0', FILENAME: 'app.zip' };

  it.each([
    ['fails after --timeout', { EXTRA_ARGS: "['--retries', '0', '--timeout', '2']" }, 1, 'no progress for 2.0 s'],
    ['does not delay stopping', {}, 143, '✖ Stopped by SIGTERM'],
  ] as const)('%s', async (_, more, code, text) => {
    const server = createSocket('udp4');
    const asked = once(server, 'message');
    closeServer = () => server.close();
    server.bind(53, address);
    await once(server, 'listening');
    await step.write('module/app.zip', 'content');
    await step.write('resolv.conf', `nameserver ${address}\n`);
    const running = step.start(
      { ...env, ...more },
      { dockerOptions: [`--volume=${join(step.clone, 'resolv.conf')}:/etc/resolv.conf:ro`] },
    );
    await asked;
    const askedAt = Date.now();
    if (code === 143) await running.signal('SIGTERM');
    const { exitCode, output, endedAt } = await running.ended;
    expect({ exitCode, output }).toEqual({ exitCode: code, output: expect.stringContaining(text) });
    expect(endedAt.getTime() - askedAt).toBeLessThan(patience(5_000));
  });
});

/** Waits until the sandbox is receiving the slow file. */
async function untilUnderWay(): Promise<void> {
  for (;;) {
    const { requests } = await step.sandbox.state();
    if (requests.some(({ fault, bytesReceived }) => fault !== undefined && bytesReceived >= 50_000)) return;
    await setTimeout(20);
  }
}
