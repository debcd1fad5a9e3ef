/** A copy of the project, whose source may be changed, and in which tests can be run. */

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

export type Ending = 'passed' | 'failed' | 'out of time';

export interface Limits {
  readonly ms: number;
  readonly env?: Readonly<Record<string, string>>;
}

export class Workspace {
  readonly directory: string;
  /** What was copied, below the project, sorted. */
  readonly files: readonly string[];
  readonly #temporary: string;

  private constructor(directory: string, files: readonly string[]) {
    this.directory = directory;
    this.files = files;
    this.#temporary = join(directory, 'tmp');
  }

  /** Copies what git knows or would add. */
  static async create(root: string): Promise<Workspace> {
    const list = spawnSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { cwd: root });
    if (list.status !== 0) throw new Error(`git ls-files: ${String(list.stderr)}`);
    const directory = await mkdtemp(join(tmpdir(), 'mutants-'));
    // Some tests give up root's permissions.
    await chmod(directory, 0o755);
    const files = String(list.stdout)
      .split('\0')
      .filter((path) => path !== '' && existsSync(join(root, path)))
      .toSorted();
    for (const path of files) await cp(join(root, path), join(directory, path), { recursive: true, force: true });
    await symlink(join(root, 'node_modules'), join(directory, 'node_modules'));
    const workspace = new Workspace(directory, files);
    await workspace.#emptyTemporary();
    return workspace;
  }

  async read(path: string): Promise<string> {
    return await readFile(join(this.directory, path), 'utf8');
  }

  async write(path: string, source: string): Promise<void> {
    await mkdir(dirname(join(this.directory, path)), { recursive: true });
    await writeFile(join(this.directory, path), source);
  }

  /** Runs Jest. Everything that it started has ended when this returns. */
  async jest(words: readonly string[], limits: Limits): Promise<Ending> {
    const jest = [join('node_modules', 'jest', 'bin', 'jest.js'), '--watchman=false', '--cacheDirectory=.jest-cache'];
    const environment = '--testEnvironment=<rootDir>/test/mutants/hits-environment.cjs';
    const options = ['--testSequencer=<rootDir>/test/mutants/given-order.cjs', '--passWithNoTests', environment];
    const reporters = '--reporters=<rootDir>/ci-scripts/jest-totals-reporter.cjs';
    return await this.run([...jest, ...options, reporters, ...words], limits);
  }

  /** Bundles the pipe. @returns false if the source cannot be bundled */
  async build(): Promise<boolean> {
    return (await this.run(['ci-scripts/build.mjs'], { ms: 120_000 })) === 'passed';
  }

  /** Runs Node.js in a process group of its own. */
  async run(words: readonly string[], { ms, env = {} }: Limits): Promise<Ending> {
    const child = spawn(process.execPath, words, {
      cwd: this.directory,
      // Every suite may be named.
      env: { ...process.env, TEST_SUITE: 'mutants', TMPDIR: this.#temporary, ...env },
      stdio: process.env['MUTANTS_OUTPUT'] === undefined ? 'ignore' : 'inherit',
      detached: true,
    });
    const stop = (): void => {
      try {
        process.kill(-(child.pid ?? 0), 'SIGKILL');
      } catch {
        // All of them have ended.
      }
    };
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      stop();
    }, ms);
    process.once('exit', stop);
    const [code]: (number | null)[] = await once(child, 'exit');
    process.removeListener('exit', stop);
    clearTimeout(timer);
    stop();
    await this.#emptyTemporary();
    if (isLate) return 'out of time';
    return code === 0 ? 'passed' : 'failed';
  }

  async remove(): Promise<void> {
    await rm(this.directory, { recursive: true, force: true });
  }

  async #emptyTemporary(): Promise<void> {
    await rm(this.#temporary, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
    await mkdir(this.#temporary);
  }
}
