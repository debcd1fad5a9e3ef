/** Writes the result of a run for later steps, as JSON: to the file that the user names, and to the pipe's storage directory. */

import { access, constants, lstat, mkdir, readFile, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import type { Environment } from './environment.ts';
import { fileSystemAdvice } from './file-system-advice.ts';
import { OpenFilesError, openPatiently } from './open-files.ts';
import { outputVariablesPath } from './output-variables.ts';
import type { Scrub } from './scrub.ts';
import { escapeUnprintableInLines } from './stdout.ts';
import { withinLimit } from './write-limit.ts';

/** The file in the pipe's storage directory with the last result. */
const resultFile = 'result.json';

/** Through this directory, Atlassian's toolkit lets the pipes of a pipeline share data. */
const storageVariable = 'BITBUCKET_PIPE_STORAGE_DIR';

/** What every result begins with, so that it can be told from other files. `pipe/result.schema.json` describes the rest. */
export const resultHead = { schemaVersion: 1, pipe: 'bitbucket-upload-package' } as const;

/** Results of version 0.1.0 have no such head. */
const beginnings = [
  new RegExp(String.raw`^\{\s*"schemaVersion":\s*\d+,\s*"pipe":\s*"${resultHead.pipe}"`),
  /^\{\s*"type":\s*"[a-z]+",\s*"items":\s*\[/,
];

/** About 40,000 items. */
const maxResultBytes = 16 * 1024 * 1024;

/** A run that is killed, or whose process crashes, leaves this. */
const unfinished = {
  ...resultHead,
  items: [],
  seconds: 0,
  error: 'The run has not ended, or it was killed: what it published is not known',
} as const;

/** Whether a result will be written anywhere. */
export function wantsResult(env: Environment, outputPath: string | undefined): boolean {
  return outputPath !== undefined || storageDirectory(env) !== undefined;
}

/** A file that a run writes. */
export interface OwnFile {
  readonly path: string;
  /** The option or variable that names it. */
  readonly name: string;
  /** Whether it may be overwritten: it is an earlier result, or does not exist. */
  readonly isExpendable: () => Promise<boolean>;
}

/** The files that a run writes. */
export function ownFiles(env: Environment, outputPath: string | undefined): readonly OwnFile[] {
  const results = resultFiles(env, outputPath).map((file) => ({
    ...file,
    isExpendable: async () =>
      await checkReplaceable(file.path).then(
        () => true,
        () => false,
      ),
  }));
  const variables = env[outputVariablesPath] || undefined;
  if (variables === undefined) return results;
  // It is only appended to.
  const isExpendable = async (): Promise<boolean> => await Promise.resolve(true);
  return [...results, { path: variables, name: outputVariablesPath, isExpendable }];
}

/** The fields of a result that depend on the run. */
export interface ResultFields {
  readonly items: readonly unknown[];
  /** Of the whole run. */
  readonly seconds: number;
  readonly error?: string;
  readonly [field: string]: unknown;
}

/** The result files of one run. */
export interface Results {
  /** Why the file that the user names cannot be used; undefined if it can. */
  readonly problem: Error | undefined;
  /** Writes the result, without secrets. @returns a warning for each file that could not be written */
  write(fields: ResultFields): Promise<readonly string[]>;
}

/** What the user has given. */
export interface ResultOptions {
  readonly outputPath: string | undefined;
  /** Paths that the user names as input, which are never overwritten. */
  readonly inputs: readonly string[];
  readonly workingDirectory: string;
  readonly scrub: Scrub;
}

/** Replaces the results of an earlier run, so that none of them can be mistaken for that of this run, however it ends. */
export async function beginResults(env: Environment, options: ResultOptions): Promise<Results> {
  const { workingDirectory, scrub } = options;
  const absolute = (path: string): string => resolve(workingDirectory, path);
  const inputs = new Set(await Promise.all(options.inputs.map(async (path) => await realPlace(absolute(path)))));
  const files = resultFiles(env, options.outputPath === undefined ? undefined : absolute(options.outputPath));
  const problems = new Map<ResultFile, Error>();
  await Promise.all(
    files.map(async (file) => {
      try {
        if (inputs.has(await realPlace(file.path))) throw new Error('it is also to be published');
        await withinLimit(begin(file.path), file.path);
      } catch (error) {
        problems.set(file, error as Error);
      }
    }),
  );
  const named = files.find(({ name }) => name === '--output');
  const problem = named === undefined ? undefined : problems.get(named);
  return {
    problem,
    async write(fields) {
      const text = toText({ ...resultHead, ...fields }, scrub);
      // The user is told about the named file as the reason why nothing is sent.
      const usable = files.filter((file) => file !== named || problem === undefined);
      const warnings = await Promise.all(usable.map(async (file) => await writeOrWarn(file, text, inputs)));
      return warnings.filter((warning) => warning !== undefined);
    },
  };
}

/** The path with no link in its directory, which may not exist yet. */
async function realPlace(path: string): Promise<string> {
  const directory = await realpath(dirname(path)).catch(() => dirname(path));
  return join(directory, basename(path));
}

interface ResultFile {
  readonly path: string;
  /** The option or variable that names it. */
  readonly name: string;
}

function resultFiles(env: Environment, outputPath: string | undefined): readonly ResultFile[] {
  const directory = storageDirectory(env);
  return [
    ...(outputPath === undefined ? [] : [{ path: outputPath, name: '--output' }]),
    ...(directory === undefined ? [] : [{ path: join(directory, resultFile), name: storageVariable }]),
  ];
}

function storageDirectory(env: Environment): string | undefined {
  return env[storageVariable] || undefined;
}

class NotReplaceableError extends Error {
  override readonly name = 'NotReplaceableError';
}

/** Does nothing if there is nothing, or an earlier result. @throws NotReplaceableError if there is anything else */
async function checkReplaceable(path: string): Promise<void> {
  let isOwn: boolean;
  try {
    const stats = await lstat(path).catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    });
    if (stats === undefined) return;
    // Renaming would replace the link, and leave an old result at its target; following it could write anywhere.
    if (stats.isSymbolicLink())
      throw new NotReplaceableError('it is a symbolic link, which is not followed and is left as it is');
    isOwn = stats.isFile() && stats.size <= maxResultBytes && (await isResult(path));
  } catch (error) {
    if (error instanceof NotReplaceableError) throw error;
    const { message } = error as Error;
    const isOpenFiles = error instanceof OpenFilesError;
    throw new NotReplaceableError(isOpenFiles ? message : `it cannot be read, and is left as it is: ${message}`, {
      cause: error,
    });
  }
  if (!isOwn)
    throw new NotReplaceableError('there is a file that is not a result of this pipe, and it is left as it is');
}

/** Whether the file is a whole result. @throws the file system's error */
async function isResult(path: string): Promise<boolean> {
  const text = await openPatiently(path, async () => await readFile(path, 'utf8'));
  if (!beginnings.some((beginning) => beginning.test(text))) return false;
  try {
    // Only what begins like this pipe's own document is parsed, and its size is limited.
    const { items, seconds } = JSON.parse(text) as { readonly items?: unknown; readonly seconds?: unknown };
    return Array.isArray(items) && typeof seconds === 'number';
  } catch {
    return false;
  }
}

/** @throws Error if a result cannot be written there */
async function begin(path: string): Promise<void> {
  await makeDirectory(dirname(path));
  const stats = await stat(path).catch(() => undefined);
  if (stats?.isDirectory() === true) throw new Error('it is a directory');
  // A device is written to only once, at the end.
  if (stats?.isFile() === false) return await access(path, constants.W_OK);
  // A file is replaced by renaming, which needs a writable directory.
  await access(dirname(path), constants.W_OK);
  try {
    await replaceFile(
      path,
      toText(unfinished, (text) => text),
    );
  } catch (error) {
    if (error instanceof NotReplaceableError) throw error;
    // On a full disk, removing is possible. A run need not fail because its result cannot be written: at the end, that is a warning.
    await rm(path, { force: true });
  }
}

async function makeDirectory(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true });
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (!['EEXIST', 'ENOTDIR'].includes(code)) throw error;
    throw new Error(`${path} is not a directory, or a part of its path is a file (${code})`, { cause: error });
  }
}

async function writeOrWarn(
  { path, name }: ResultFile,
  text: string,
  inputs: ReadonlySet<string>,
): Promise<string | undefined> {
  try {
    if (inputs.has(await realPlace(path))) throw new Error('it is also published');
    await withinLimit(writeWhole(path, text), path);
    return undefined;
  } catch (error) {
    const advice = fileSystemAdvice(error);
    const reason = `${(error as Error).message}${advice === undefined ? '' : `. ${advice}`}`;
    return `The result could not be written to ${path} (${name}): ${reason}`;
  }
}

async function writeWhole(path: string, text: string): Promise<void> {
  await makeDirectory(dirname(path));
  const stats = await stat(path).catch(() => undefined);
  // A device, such as /dev/stdout, is written to directly; renaming would replace it with a file.
  if (stats === undefined || stats.isFile()) await replaceFile(path, text);
  else await openPatiently(path, async () => await writeFile(path, text));
}

/** Replaces a file that is a result, atomically. @throws NotReplaceableError if it is anything else */
async function replaceFile(path: string, text: string): Promise<void> {
  await checkReplaceable(path);
  const temporary = join(dirname(path), `.${Date.now()}-${Math.random().toString(36).slice(2)}.tmp`);
  try {
    await openPatiently(path, async () => await writeFile(temporary, text));
    await rename(temporary, path);
  } catch (error) {
    // A full disk may have room for its beginning.
    await rm(temporary, { force: true });
    throw error;
  }
}

/** The file may be /dev/stdout: each line is made printable, which in JSON is only another spelling. */
function toText(result: unknown, scrub: Scrub): string {
  // The head must stay, or else no later run replaces the file.
  const isText = (value: unknown): value is string => typeof value === 'string' && value !== resultHead.pipe;
  // Of thousands of items, copies would take more memory than all else.
  const text = JSON.stringify(result, (_, value: unknown) => (isText(value) ? scrub(value) : value), 2);
  return `${escapeUnprintableInLines(text)}\n`;
}
