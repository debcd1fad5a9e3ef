/** Writes results for later steps: to a JSON file, the pipe's storage directory, and the step's output variables. */

import { randomUUID } from 'node:crypto';
import {
  access,
  appendFile,
  constants,
  type FileHandle,
  mkdir,
  open,
  readFile,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Environment } from './environment.ts';
import { OpenFilesError, openPatiently } from './open-files.ts';
import { type Scrub, scrubStrings } from './scrub.ts';
import { escapeUnprintable } from './stdout.ts';

/** The file in the pipe's storage directory with the last result. */
const resultFile = 'result.json';

/** Whether a result will be written anywhere. */
export function wantsResult(env: Environment, outputPath: string | undefined): boolean {
  return outputPath !== undefined || pipeStorageDirectory(env) !== undefined;
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
  const directory = pipeStorageDirectory(env);
  const result = (name: string, path: string): OwnFile => ({
    path,
    name,
    isExpendable: async () => await isResult(path),
  });
  const variables = env['BITBUCKET_PIPELINES_VARIABLES_PATH'] || undefined;
  return [
    ...(outputPath === undefined ? [] : [result('--output', outputPath)]),
    ...(directory === undefined ? [] : [result('BITBUCKET_PIPE_STORAGE_DIR', join(directory, resultFile))]),
    ...(variables === undefined
      ? []
      : [
          {
            path: variables,
            name: 'BITBUCKET_PIPELINES_VARIABLES_PATH',
            // It is only appended to.
            isExpendable: async () => await Promise.resolve(true),
          },
        ]),
  ];
}

/** Whether there is nothing, or an earlier result. */
async function isResult(path: string): Promise<boolean> {
  const head = Buffer.alloc(64);
  let file: FileHandle;
  try {
    file = await open(path, 'r');
  } catch {
    return true;
  }
  try {
    const { bytesRead } = await file.read(head, 0, head.length, 0);
    return bytesRead === 0 || /^\{\s*"type":\s*"[a-z]+",/.test(head.toString('utf8', 0, bytesRead));
  } finally {
    await file.close();
  }
}

/**
 * Checks, before anything is sent, that the result can later be written to `outputPath`.
 *
 * @throws the file system's error if it cannot
 */
export async function checkOutputPath(outputPath: string): Promise<void> {
  await withTimeout(checkPath(outputPath), outputPath);
}

async function checkPath(outputPath: string): Promise<void> {
  await mkdir(dirname(outputPath), { recursive: true });
  const stats = await stat(outputPath).catch(() => undefined);
  if (stats?.isDirectory() === true) throw new Error(`${outputPath} is a directory`);
  // A file is replaced by renaming, which needs a writable directory; a device is written to directly.
  await access(stats?.isFile() === false ? outputPath : dirname(outputPath), constants.W_OK);
}

/**
 * Writes the result, without secrets, to `outputPath` and to the pipe's storage directory, if set.
 *
 * @throws the file system's error of the first file that cannot be written, after trying both
 */
export async function writeResult(
  env: Environment,
  outputPath: string | undefined,
  result: unknown,
  scrub: Scrub,
): Promise<void> {
  const directory = pipeStorageDirectory(env);
  const paths = [outputPath, directory === undefined ? undefined : join(directory, resultFile)];
  // The file may be /dev/stdout: each line is made printable, which in JSON is only another spelling.
  const lines = JSON.stringify(scrubStrings(result, scrub), undefined, 2).split('\n');
  const json = `${lines.map(escapeUnprintable).join('\n')}\n`;
  const writes = paths
    .filter((path) => path !== undefined)
    .map((path) => withTimeout(writeAtomically(path, json), path));
  const failed = (await Promise.allSettled(writes)).find((write) => write.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}

/** The pipe's own directory, through which Atlassian's toolkit lets the pipes of a pipeline share data. */
function pipeStorageDirectory(env: Environment): string | undefined {
  return env['BITBUCKET_PIPE_STORAGE_DIR'] || undefined;
}

/** Writes a file atomically, and creates its directory if it is missing. */
async function writeAtomically(path: string, content: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const stats = await stat(path).catch(() => undefined);
  if (stats !== undefined && !stats.isFile()) {
    // A device, such as /dev/stdout, is written to directly; renaming would replace it with a file.
    await openPatiently(path, async () => await writeFile(path, content));
    return;
  }
  const temporary = join(dirname(path), `.${randomUUID()}.tmp`);
  try {
    await openPatiently(path, async () => await writeFile(temporary, content));
    await rename(temporary, path);
  } catch (error) {
    // A full disk may have room for its beginning.
    await rm(temporary, { force: true });
    throw error;
  }
}

/** A named pipe without a reader, or a directory such as /proc, would otherwise block for ever. */
const maxWriteMs = 10_000;

async function withTimeout<T>(work: Promise<T>, path: string): Promise<T> {
  const late = delay(maxWriteMs, undefined, { ref: false }).then(() => {
    throw new Error(`${path} could not be written to within ${maxWriteMs / 1000} s`);
  });
  return await Promise.race([work, late]);
}

/** Pipelines accepts 50 output variables of 100 KB in total per step; one pipe should not use up that limit. */
const maxValueCharacters = 10_000;

/**
 * Appends `NAME=value` lines to the file at `BITBUCKET_PIPELINES_VARIABLES_PATH`; outside Pipelines, does nothing.
 * Secrets are removed from the values. The format has no escapes, so a value that is not printable, such as one with a line
 * break, which could inject another variable, is omitted, and so is one that is too long.
 */
export async function writeOutputVariables(
  env: Environment,
  variables: Readonly<Record<string, string | undefined>>,
  scrub: Scrub,
): Promise<void> {
  const path = env['BITBUCKET_PIPELINES_VARIABLES_PATH'];
  if (!path) return;
  const lines = Object.entries(variables)
    .map(([name, value]) => [name, value === undefined ? undefined : scrub(value)] as const)
    .filter(
      ([, value]) => value !== undefined && value.length <= maxValueCharacters && escapeUnprintable(value) === value,
    )
    .map(([name, value]) => `${name}=${value}\n`);
  await withTimeout(appendLines(path, lines.join('')), path);
}

async function appendLines(path: string, lines: string): Promise<void> {
  const before = await openPatiently(path, async () => await readFile(path, 'utf8')).catch((error: unknown) => {
    if (error instanceof OpenFilesError) throw error;
    return '';
  });
  const separator = before === '' || before.endsWith('\n') ? '' : '\n';
  await openPatiently(path, async () => await appendFile(path, separator + lines));
}
