/** Runs the bundle once for each case, and compares all that it prints with a file that was reviewed. */

import { mkdir, mkdtemp, readdir, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { mapConcurrently } from '../../pipe/io/map-concurrently.ts';
import { startBundle, type Variables } from '../run-bundle.ts';

/** Where a case runs: a new directory, which is shown as `/build`. */
export interface Place {
  readonly directory: string;
  write(path: string, content?: string | Buffer): Promise<void>;
  link(path: string, target: string): Promise<void>;
  makeDirectory(path: string): Promise<void>;
  /** Ends a server with the case. */
  use<T extends AsyncDisposable>(server: T): T;
}

export type Case = readonly [name: string, prepare: Variables | ((place: Place) => Promise<Variables>)];

/** Starting a process is most of the work. */
const atOnce = 4;

/** Written anew with `UPDATE_MESSAGES=1`, to be reviewed as a change of the file. */
const isUpdate = process.env['UPDATE_MESSAGES'] === '1';

/**
 * Without debug output, unless a case asks for it.
 *
 * @param base the variables of every case
 * @param unify replaces what depends on the order of events
 */
export function useMessages(
  folder: string,
  base: Variables,
  cases: readonly Case[],
  unify: (output: string) => string = (output) => output,
): void {
  const outputs = new Map<string, string>();
  const reviewed = join(__dirname, folder);
  let directory = '';
  beforeAll(async () => {
    directory = await realpath(await mkdtemp(join(tmpdir(), 'pipe-messages-')));
    await mapConcurrently(cases, atOnce, async ([name, prepare]) => {
      outputs.set(name, unify(await runCase(prepare)));
    });
  });
  afterAll(async () => {
    await rm(directory, { recursive: true, force: true });
  });

  async function runCase(prepare: Case[1]): Promise<string> {
    const own = await mkdtemp(join(directory, 'case-'));
    const at = (path: string): string => join(own, path);
    const servers: AsyncDisposable[] = [];
    const place: Place = {
      directory: own,
      makeDirectory: async (path) => void (await mkdir(at(path), { recursive: true })),
      async write(path, content = 'content') {
        await mkdir(dirname(at(path)), { recursive: true });
        await writeFile(at(path), content);
      },
      async link(path, target) {
        await mkdir(dirname(at(path)), { recursive: true });
        await symlink(target, at(path));
      },
      use(server) {
        servers.push(server);
        return server;
      },
    };
    try {
      const env = typeof prepare === 'function' ? await prepare(place) : prepare;
      const given = Object.fromEntries(
        Object.entries({ DEBUG: 'false', ...base, ...env }).filter(([, text]) => text !== ''),
      );
      const { output, exitCode } = await startBundle(given, { cwd: own }).ended;
      return `${withPlaceholders(output, own)}exit code ${exitCode}\n`;
    } finally {
      for (const server of servers) await server[Symbol.asyncDispose]();
    }
  }

  it.each(cases.map(([name]) => name))('%s', async (name) => {
    const path = join(reviewed, `${name}.txt`);
    const output = outputs.get(name) ?? '';
    if (isUpdate) {
      await mkdir(reviewed, { recursive: true });
      await writeFile(path, output);
    }
    expect(output).toBe(await readFile(path, 'utf8').catch(() => 'no file: run with UPDATE_MESSAGES=1, and review it'));
  });

  it('every file belongs to a case', async () => {
    const names = (await readdir(reviewed)).map((name) => name.replace(/\.txt$/, ''));
    expect(names.sort()).toEqual(cases.map(([name]) => name).sort());
  });
}

/** What differs from one run to the next. */
function withPlaceholders(output: string, directory: string): string {
  return output
    .replaceAll(directory, '/build')
    .replaceAll(/\b(127\.0\.0\.1|localhost):\d+/g, '$1:PORT')
    .replaceAll(/\b\d+(?:\.\d+)? (?:ms|s)\b(?! longer)/g, (time) => (/^(?:30|120|60) s$/.test(time) ? time : 'TIME'))
    .replaceAll(/(?<=request id )[\da-f]{16}/g, 'ID')
    .replaceAll(/\(?\/\S+\/dist\/pipe\.js:\d+:\d+\)?/g, '(pipe.js)')
    .replaceAll(/\(node:\S+\)/g, '(node)')
    .replaceAll(/Node\.js v[\d.]+/g, 'Node.js VERSION');
}

/** An array as Pipelines passes it. */
export function items(name: string, ...values: readonly string[]): Variables {
  return Object.fromEntries([
    [`${name}_COUNT`, String(values.length)],
    ...values.map((value, index) => [`${name}_${index}`, value]),
  ]);
}
