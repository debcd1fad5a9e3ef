/** The pipe as a program: the only file that touches `process`. */

import { dirname, join } from 'node:path';
import { reportCrash, run } from './run.ts';

const { env, stdout } = process;

// Only `main` sets another exit code: an unexpected end of the process must not look like success.
process.exitCode = 1;
let hasEnded = false;

// If the reader of standard output exits early, as `head` does, a finished upload must not become a crash.
stdout.on('error', () => undefined);
for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
  process.on(event, (error: unknown) => exit(reportCrash(error, env, stdout)));
}
// An event loop with nothing left to do would end the process silently.
process.on('beforeExit', () => {
  if (!hasEnded) exit(reportCrash(new Error('the run stopped before it was finished'), env, stdout));
});

const scriptDirectory = dirname(process.argv[1] ?? '.');

async function main(): Promise<void> {
  // The run stops listening once its outcome is printed. By default, a later signal would end the process with another one.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => undefined);
  const exitCode = await run(env, {
    stdout,
    signals: process,
    nodeVersion: process.version,
    workingDirectory: process.cwd(),
    metadataPaths: ['/pipe.yml', join(scriptDirectory, '..', 'pipe.yml'), join(scriptDirectory, 'pipe.yml')],
  });
  hasEnded = true;
  process.exitCode = exitCode;
  // Nothing should still be pending. If something is, the finished step must not hang.
  setTimeout(() => exit(exitCode), 200).unref();
}

/**
 * Ends the process at once. `process.exit` joins libuv's threads, and a thread may be stuck in a name lookup without an
 * answer, or in opening a named pipe without a reader. Replacing the process with one that only exits avoids the wait;
 * Windows has no such call.
 */
function exit(exitCode: number): void {
  if (process.execve !== undefined && process.platform !== 'win32')
    process.execve(process.execPath, [process.execPath, '--eval', `process.exit(${exitCode})`]);
  process.exit(exitCode);
}

void main();
