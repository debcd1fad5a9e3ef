/** Checks for programs and libraries that tests need besides Node.js. */

import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { itIf } from '../skip-unless.ts';

/** In a complete run, a missing program is a failure. Otherwise its tests are skipped, with a notice. */
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

/** The program's standard output. */
export function runTool(name: string, args: readonly string[], input: Buffer): Buffer {
  const { status, error, stdout, stderr } = spawnSync(name, args, { input, maxBuffer: 256 * 1024 * 1024 });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`${name}: ${stderr.toString()}`);
  return stdout;
}
