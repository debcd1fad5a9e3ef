/** Programs and libraries that a test needs beside Node.js. */

import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { it } from '@jest/globals';

/** Where the whole suite is asked for, what is missing is a failure; elsewhere the test is skipped, and says so. */
const mayBeMissing = process.env['TEST_SUITE'] === undefined;

export function itNeeds(isThere: boolean): typeof it | typeof it.skip {
  return isThere || !mayBeMissing ? it : it.skip;
}

export function hasProgram(name: string): boolean {
  return spawnSync(name, ['--version']).status === 0;
}

export function hasLibdeflate(): boolean {
  const directories = ['/lib', '/usr/lib', '/usr/local/lib'].flatMap((path) => [path, `${path}/*-linux-*`]);
  return globSync(directories.map((path) => `${path}/libdeflate.so.0`)).length > 0;
}

/** What the program makes of its input. */
export function runTool(name: string, args: readonly string[], input: Buffer): Buffer {
  const { status, error, stdout, stderr } = spawnSync(name, args, { input, maxBuffer: 256 * 1024 * 1024 });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`${name}: ${stderr.toString()}`);
  return stdout;
}
