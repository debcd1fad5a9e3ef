/** Programs and libraries that a test needs beside Node.js. */

import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { itIf } from '../skip-unless.ts';

/** Where the whole suite is asked for, what is missing is a failure; elsewhere the test is skipped, and says so. */
const mayBeMissing = process.env['TEST_SUITE'] === undefined;

export function itNeedsProgram(name: string): ReturnType<typeof itIf> {
  return itIf(!mayBeMissing || hasProgram(name), `${name} is not installed`);
}

export function itNeedsLibdeflate(): ReturnType<typeof itIf> {
  return itIf(!mayBeMissing || hasLibdeflate(), 'libdeflate is not installed');
}

function hasProgram(name: string): boolean {
  return spawnSync(name, ['--version']).status === 0;
}

function hasLibdeflate(): boolean {
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
