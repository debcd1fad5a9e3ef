import { readFileSync } from 'node:fs';
import { open, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { resultHead } from '../../pipe/toolkit/results.ts';
import { patience } from '../patience.ts';
import { outputOf } from '../release/run-command.ts';
import { resultProblems } from '../result-schema.ts';
import { useBundle } from '../run-bundle.ts';

const fixture = useBundle();

async function receivedBytes(): Promise<number> {
  const { requests } = await fixture.sandbox.state();
  return requests.reduce((sum, { bytesReceived }) => sum + bytesReceived, 0);
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 20));
}

/** A module to load before the bundle: sends the signal when the bundle loads its first built-in module. */
const stopWhileLoading = (signal: string): string =>
  `const Module = require('node:module');
       const load = Module._load;
       Module._load = (request, ...rest) => {
         if (Module.isBuiltin(request)) {
           Module._load = load;
           process.kill(process.pid, '${signal}');
         }
         return load(request, ...rest);
       };`;

describe('the bundle as a program', () => {
  it('uploads from the working directory, prints to standard output only, and ends with 0', async () => {
    await writeFile(join(fixture.directory, 'a.txt'), 'content');
    const { exitCode, output, errors } = await fixture.start({ FILENAME: '*.txt' }).ended;
    expect(exitCode).toBe(0);
    expect(errors).toBe('');
    expect(output).toContain('✔ Uploaded 1 file');
    expect((await fixture.sandbox.state()).downloads).toMatchObject([{ name: 'a.txt', size: 7 }]);
  });

  it('ends with 1 and the list of problems on standard output if variables are invalid', async () => {
    const { exitCode, output } = await fixture.start({ DEBUG: 'nonsense' }).ended;
    expect(exitCode).toBe(1);
    expect(output).toMatch(/^✖ Validation errors:\nDEBUG:\n- .*\nFILENAME:\n- required field\n/);
  });

  it('reads its version from pipe.yml', async () => {
    await writeFile(join(fixture.directory, 'a.txt'), 'content');
    const { output } = await fixture.start({ FILENAME: 'a.txt', DEBUG: 'true' }).ended;
    const { version } = JSON.parse(readFileSync(join(__dirname, '..', '..', 'package.json'), 'utf8')) as {
      version: string;
    };
    expect(output).toContain(`DEBUG: bitbucket-upload-package/${version}, Node.js v`);
  });

  it('continues if its output is no longer read', async () => {
    for (let index = 0; index < 50; index++) await writeFile(join(fixture.directory, `${index}.txt`), 'x');
    const { child, ended } = fixture.start({ FILENAME: '*.txt', DEBUG: 'true' });
    child.stdout?.destroy();
    const { exitCode } = await ended;
    expect(exitCode).toBe(0);
    expect((await fixture.sandbox.state()).downloads).toHaveLength(50);
  });

  it('can be stopped while it waits for a reader of the named pipe for its output variables', async () => {
    await writeFile(join(fixture.directory, 'a.txt'), 'content');
    const pipe = join(fixture.directory, 'variables');
    await outputOf('mkfifo', [pipe]);
    const { child, ended } = fixture.start({ FILENAME: 'a.txt', BITBUCKET_PIPELINES_VARIABLES_PATH: pipe });
    await until(async () => (await fixture.sandbox.state()).downloads.length === 1);
    child.kill('SIGTERM');
    const { exitCode, output } = await ended;
    expect({ exitCode, output }).toEqual({ exitCode: 143, output: expect.stringContaining('✖ Stopped by SIGTERM') });
  });

  it.each([
    ['SIGTERM', 143],
    ['SIGINT', 130],
  ] as const)('says that it was stopped by %s even while it is still loading', async (signal, code) => {
    const preload = join(fixture.directory, 'preload.cjs');
    await writeFile(preload, stopWhileLoading(signal));
    await writeFile(join(fixture.directory, 'a.txt'), 'content');
    const { exitCode, output } = await fixture.start({ FILENAME: 'a.txt', NODE_OPTIONS: `--require=${preload}` }).ended;
    expect({ exitCode, output }).toEqual({
      exitCode: code,
      output: expect.stringMatching(new RegExp(`^✖ Stopped by ${signal}\\n  nothing was published\\n`)),
    });
    expect((await fixture.sandbox.state()).requests).toEqual([]);
  });

  it.each([
    ['killed while it uploads', 'SIGKILL', /has not ended/],
    ['stopped while it is still loading', 'SIGTERM', /^Stopped by SIGTERM$/],
  ] as const)('leaves no result of an earlier run if it is %s', async (_, signal, error) => {
    const earlier = { ...resultHead, type: 'file', items: [], seconds: 1 };
    await writeFile(join(fixture.directory, 'result.json'), JSON.stringify(earlier));
    await writeFile(join(fixture.directory, 'a.txt'), 'content');
    await fixture.sandbox.inject({ method: 'POST', action: { kind: 'stall' } });
    const preload = join(fixture.directory, 'preload.cjs');
    await writeFile(preload, signal === 'SIGTERM' ? stopWhileLoading(signal) : '');
    const { child, ended } = fixture.start({
      FILENAME: 'a.txt',
      EXTRA_ARGS: '--output=result.json',
      NODE_OPTIONS: `--require=${preload}`,
    });
    if (signal === 'SIGKILL') {
      await until(async () => (await fixture.sandbox.state()).requests.length > 0);
      child.kill(signal);
    }
    await ended;
    const text = await readFile(join(fixture.directory, 'result.json'), 'utf8');
    expect(JSON.parse(text)).toMatchObject({ items: [], error: expect.stringMatching(error) });
    expect(resultProblems(text)).toEqual([]);
  });

  it('can be stopped while it waits for a certificate in a named pipe without a writer', async () => {
    const pipe = join(fixture.directory, 'authority.pem');
    await outputOf('mkfifo', [pipe]);
    await writeFile(join(fixture.directory, 'a.txt'), 'content');
    const { child, ended } = fixture.start({ FILENAME: 'a.txt', SSL_CERT_FILE: pipe });
    // Opens as soon as the bundle reads it.
    await using writer = await open(pipe, 'w');
    child.kill('SIGTERM');
    const { exitCode, output } = await ended;
    expect({ exitCode, output }).toEqual({
      exitCode: 143,
      output: expect.stringMatching(/^✖ Stopped by SIGTERM\n  nothing was published\n/),
    });
    expect(writer.fd).toBeGreaterThan(0);
  });

  it('ends with 1 and an error message if its event loop runs empty', async () => {
    // Reading pipe.yml never settles.
    const preload = join(fixture.directory, 'preload.cjs');
    await writeFile(preload, "require('node:fs/promises').readFile = () => new Promise(() => undefined);");
    await writeFile(join(fixture.directory, 'a.txt'), 'content');
    const { exitCode, output } = await fixture.start({ FILENAME: 'a.txt', NODE_OPTIONS: `--require=${preload}` }).ended;
    expect({ exitCode, output }).toEqual({
      exitCode: 1,
      output: expect.stringMatching(
        /^✖ Unexpected error: the run stopped before it was finished\n {2}uploads in progress/,
      ),
    });
  });

  it.each([
    ['SIGTERM', 143],
    ['SIGINT', 130],
  ] as const)('ends within 2 s of %s with exit code %i, and publishes nothing partially', async (signal, code) => {
    await writeFile(join(fixture.directory, 'large.bin'), '');
    await truncate(join(fixture.directory, 'large.bin'), 1024 ** 3);
    await fixture.sandbox.inject({
      method: 'POST',
      times: Infinity,
      action: { kind: 'trickle', bytesPerSecond: 2_000_000 },
    });
    const { child, ended } = fixture.start({ FILENAME: 'large.bin' });
    await until(async () => (await receivedBytes()) > 1_000_000);
    const stoppedAt = performance.now();
    child.kill(signal);
    const { exitCode, output } = await ended;
    expect(performance.now() - stoppedAt).toBeLessThan(patience(2_000));
    expect(exitCode).toBe(code);
    expect(output).toContain(`✖ Stopped by ${signal}\n  large.bin: NOT published`);
    expect((await fixture.sandbox.state()).downloads).toEqual([]);
  });
});
