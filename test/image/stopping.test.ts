import { setTimeout } from 'node:timers/promises';
import { expect, it } from '@jest/globals';
import { useStep } from './run-pipe.ts';

const step = useStep();

const signals = [
  ['SIGTERM', 143, { kind: 'trickle', bytesPerSecond: 100_000 }],
  ['SIGINT', 130, { kind: 'stall', afterBytes: 100_000 }],
] as const;

it.each(signals)(
  '%s ends a slow upload within 2 s, and the output says what was published',
  async (name, code, action) => {
    // The largest goes first.
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
    expect(endedAt.getTime() - signalledAt).toBeLessThan(2_000);
    expect(output).toMatch(/ {2}largest\.bin: published/);
    expect(output).toMatch(/ {2}large\.bin: NOT published/);
    expect(output).toMatch(/ {2}small\.txt: NOT published/);
    const { downloads } = await step.sandbox.state();
    expect(downloads.map(({ name: download, size }) => [download, size])).toEqual([['largest.bin', 64_000_000]]);
  },
);

/** Until the sandbox is receiving the slow file. */
async function untilUnderWay(): Promise<void> {
  for (;;) {
    const { requests } = await step.sandbox.state();
    if (requests.some(({ fault, bytesReceived }) => fault !== undefined && bytesReceived >= 50_000)) return;
    await setTimeout(20);
  }
}
