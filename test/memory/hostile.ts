/** Runs the bundle on what servers and files should never say, and checks how much memory it takes. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect } from '@jest/globals';
import { type Ended, startBundle, type Variables } from '../run-bundle.ts';

/** The promise for up to four processors. */
const maxBytes = 160e6;

export interface HostileFixture {
  /** A new working directory for each test. */
  readonly directory: string;
  /** Runs the bundle to its end, and checks its exit code, its output and its peak of memory. */
  run(env: Variables, expected: { readonly exitCode: number; readonly output: RegExp }): Promise<void>;
}

export function useHostile(): HostileFixture {
  let directory = '';
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'pipe-hostile-'));
  });
  afterEach(async () => {
    await rm(directory, { recursive: true });
  });
  return {
    get directory() {
      return directory;
    },
    async run(env, { exitCode, output }) {
      const ended: Ended = await startBundle(env, { cwd: directory }).ended;
      // The end, because the beginning may be long.
      const end = ended.output.slice(-5000);
      expect({ exitCode: ended.exitCode, output: end }).toEqual({ exitCode, output: expect.stringMatching(output) });
      // Any running process has this much: the measurement itself must have worked.
      expect(ended.peakBytes).toBeGreaterThan(20e6);
      expect(ended.peakBytes).toBeLessThan(maxBytes);
    },
  };
}

/** `start`, as many entries as there is room for in this many bytes, separated by commas, and `end`. */
export function filled(bytes: number, start: string, entry: (index: number) => string, end: string): string {
  const parts = [start];
  let length = start.length + end.length;
  for (let index = 0; length < bytes; index++) {
    const text = `${index === 0 ? '' : ','}${entry(index)}`;
    parts.push(text);
    length += text.length;
  }
  return [...parts, end].join('');
}
