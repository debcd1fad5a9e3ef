import { getEventListeners } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { createOriginGate, sleep } from '../../pipe/http/origin-gate.ts';

describe('the gate', () => {
  it('lets all requests through until an origin asks for a pause', async () => {
    const clock = createClock();
    const gate = createOriginGate(clock.now, clock.sleep);
    await gate.pass('https://a', undefined);
    expect(clock.slept).toEqual([]);
  });

  it('holds back requests to that origin, and to no other', async () => {
    const clock = createClock();
    const gate = createOriginGate(clock.now, clock.sleep);
    gate.pause('https://a', 5_000);
    await gate.pass('https://b', undefined);
    expect(clock.slept).toEqual([]);
    await gate.pass('https://a', undefined);
    await gate.pass('https://a', undefined);
    expect(clock.slept).toEqual([5_000]);
  });

  it('keeps the longest pause', async () => {
    const clock = createClock();
    const gate = createOriginGate(clock.now, clock.sleep);
    gate.pause('https://a', 5_000);
    gate.pause('https://a', 1_000);
    await gate.pass('https://a', undefined);
    expect(clock.slept).toEqual([5_000]);
  });

  it('keeps holding back requests if the pause is extended during the wait', async () => {
    const clock = createClock();
    const gate = createOriginGate(clock.now, async (ms) => {
      if (clock.slept.length === 0) gate.pause('https://a', 8_000);
      await clock.sleep(ms);
    });
    gate.pause('https://a', 5_000);
    await gate.pass('https://a', undefined);
    expect(clock.slept).toEqual([5_000, 3_000]);
  });

  it('passes the signal to the sleep', async () => {
    const reason = new Error('stop');
    const gate = createOriginGate(Date.now, sleep);
    gate.pause('https://a', 60_000);
    await expect(gate.pass('https://a', AbortSignal.abort(reason))).rejects.toBe(reason);
  });
});

describe('sleep', () => {
  it('waits for the given time', async () => {
    const startedAt = performance.now();
    await sleep(30, undefined);
    expect(performance.now() - startedAt).toBeGreaterThan(28);
  });

  it('throws the reason at once if the signal aborts', async () => {
    const controller = new AbortController();
    const reason = new Error('stop');
    const before = process.getActiveResourcesInfo();
    const sleeping = sleep(60_000, controller.signal);
    controller.abort(reason);
    await expect(sleeping).rejects.toBe(reason);
    expect(process.getActiveResourcesInfo()).toEqual(before);
  });

  it('does not start if the signal has already aborted', async () => {
    const reason = new Error('stop');
    await expect(sleep(60_000, AbortSignal.abort(reason))).rejects.toBe(reason);
  });

  it('leaves no listener behind', async () => {
    const { signal } = new AbortController();
    await sleep(1, signal);
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });
});

/** A clock that advances only by sleeping. */
function createClock(): { now: () => number; sleep: (ms: number) => Promise<void>; slept: number[] } {
  let time = 1_000_000;
  const slept: number[] = [];
  return {
    slept,
    now: () => time,
    sleep: async (ms) => {
      slept.push(ms);
      time += ms;
    },
  };
}
