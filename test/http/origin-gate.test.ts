import { getEventListeners } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { createOriginGate, type OriginGate, sleep } from '../../pipe/http/origin-gate.ts';

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

describe('a gate that is slowed down', () => {
  /** Enters as often as it can at once. @returns what leaves */
  async function enterAll(gate: OriginGate, count: number): Promise<(() => void)[]> {
    const inside: (() => void)[] = [];
    for (let index = 0; index < count; index++)
      void gate.enter('https://a', undefined).then((leave) => inside.push(leave));
    await settled();
    return inside;
  }

  it('lets half as many requests through at the same time, and the next one when one has ended', async () => {
    const gate = createOriginGate(Date.now, sleep);
    const first = await enterAll(gate, 8);
    expect(first).toHaveLength(8);
    gate.slowDown('https://a', Date.now());
    for (const leave of first) leave();
    const second = await enterAll(gate, 8);
    expect(second).toHaveLength(4);
    second[0]?.();
    await settled();
    expect(second).toHaveLength(5);
    expect(await enterAll(createOriginGate(Date.now, sleep), 8)).toHaveLength(8);
  });

  it('is slowed down once by requests that were refused together, and never to a standstill', async () => {
    let time = 0;
    const gate = createOriginGate(() => time, sleep);
    const first = await enterAll(gate, 8);
    time = 10;
    for (const leave of first) {
      gate.slowDown('https://a', 5);
      leave();
    }
    expect(await enterAll(gate, 8)).toHaveLength(4);
    for (time = 11; time < 20; time++) gate.slowDown('https://a', time);
    const other = createOriginGate(() => time, sleep);
    for (time = 20; time < 30; time++) other.slowDown('https://a', time);
    expect(await enterAll(other, 8)).toHaveLength(1);
  });

  it('lets more through again as requests succeed', async () => {
    const gate = createOriginGate(Date.now, sleep);
    gate.slowDown('https://a', Date.now());
    const inside = await enterAll(gate, 4);
    expect(inside).toHaveLength(1);
    gate.succeeded('https://a');
    await settled();
    expect(inside).toHaveLength(2);
    for (let index = 0; index < 5; index++) gate.succeeded('https://a');
    await settled();
    expect(inside).toHaveLength(4);
  });

  it('forgets a request that is aborted while it waits', async () => {
    const gate = createOriginGate(Date.now, sleep);
    gate.slowDown('https://a', Date.now());
    const [leave] = await enterAll(gate, 1);
    const controller = new AbortController();
    const reason = new Error('stop');
    const waiting = gate.enter('https://a', controller.signal);
    const next = gate.enter('https://a', undefined);
    controller.abort(reason);
    await expect(waiting).rejects.toBe(reason);
    leave?.();
    expect(await next).toBeInstanceOf(Function);
  });

  async function settled(): Promise<void> {
    for (let turns = 0; turns < 20; turns++) await Promise.resolve();
  }
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
