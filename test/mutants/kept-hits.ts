/** Keeps what the test files reach, so that only a test file that has changed is run again. */

import { createHash } from 'node:crypto';
import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Workspace } from './workspace.ts';

/** What a test file reaches, by the numbers of the mutants. */
export interface Line {
  readonly file: string;
  readonly ms: number;
  readonly outside: readonly number[];
  readonly tests: readonly {
    readonly name: string;
    readonly ms: number;
    readonly failed: boolean;
    readonly hits: readonly number[];
  }[];
}

/** What decides which test reaches which mutant, besides the test file itself. */
const decisive =
  /^(pipe|ci-scripts|test(?!\/mutants))\/|^test\/mutants\/(find-mutants|instrument|hits-environment)\.|^(package-lock\.json|jest\.config\.mjs)$/;

export class KeptHits {
  readonly #workspace: Workspace;
  readonly #directory: string;
  /** Of all that the test files share. */
  readonly #shared: string;

  private constructor(workspace: Workspace, directory: string, shared: string) {
    this.#workspace = workspace;
    this.#directory = directory;
    this.#shared = shared;
  }

  /** Forgets what was recorded with other sources. */
  static async open(workspace: Workspace): Promise<KeptHits> {
    const hash = createHash('sha256');
    for (const path of workspace.files)
      if (decisive.test(path) && !path.endsWith('.test.ts')) hash.update(`${path}\0${await workspace.read(path)}\0`);
    const shared = hash.digest('hex').slice(0, 16);
    const parent = join(workspace.directory, 'node_modules', '.cache', 'mutants');
    await mkdir(join(parent, shared), { recursive: true });
    for (const name of await readdir(parent))
      if (name !== shared) await rm(join(parent, name), { recursive: true, force: true });
    return new KeptHits(workspace, join(parent, shared), shared);
  }

  /** @param record runs the test files of which nothing is kept */
  async linesOf(
    tests: readonly string[],
    record: (missing: readonly string[]) => Promise<readonly Line[]>,
  ): Promise<readonly Line[]> {
    const kept = await Promise.all(tests.map(async (path) => await this.#read(path)));
    const missing = tests.filter((_, index) => kept[index] === undefined);
    const lines = missing.length === 0 ? [] : await record(missing);
    for (const line of lines)
      if (line.tests.every(({ failed }) => !failed))
        await writeFile(await this.#pathOf(line.file), JSON.stringify(line));
    return [...kept.filter((line) => line !== undefined), ...lines];
  }

  async #read(test: string): Promise<Line | undefined> {
    const text = await readFile(await this.#pathOf(test), 'utf8').catch(() => undefined);
    return text === undefined ? undefined : JSON.parse(text);
  }

  async #pathOf(test: string): Promise<string> {
    const hash = createHash('sha256').update(`${this.#shared}\0${test}\0${await this.#workspace.read(test)}`);
    return join(this.#directory, `${hash.digest('hex')}.json`);
  }
}
