/** The pipe as a program: the only file that touches `process`. It loads the rest only once signals are handled. */

import type { StopSignal } from './toolkit/exit.ts';

const { env, stdout } = process;

// A step can be stopped at any time, and loading the rest takes time: seconds, on a busy machine.
const stopSignals = ['SIGINT', 'SIGTERM'] as const;
for (const signal of stopSignals) process.on(signal, stopEarly);

// Only `main` sets another exit code: an unexpected end of the process must not look like success.
process.exitCode = 1;
let hasEnded = false;
let isStopping = false;

// If the reader of standard output exits early, as `head` does, a finished upload must not become a crash.
stdout.on('error', () => undefined);
for (const event of ['uncaughtException', 'unhandledRejection'] as const)
  process.on(event, (error: unknown) => void crash(error));
// An event loop with nothing left to do would end the process silently. After the run, no thread is at work any more, and
// `process.exit` does not take the trouble to free all memory: on a busy machine, that takes longer than stopping.
process.on('beforeExit', () => {
  if (hasEnded) process.exit();
  void crash(new Error('the run stopped before it was finished'));
});

// For zstd, which compresses on Node.js's own threads, and a name lookup meanwhile. Node.js reads it when it starts them, all
// at once; four are its default.
const { availableParallelism } = process.getBuiltinModule('node:os');
env['UV_THREADPOOL_SIZE'] ??= String(Math.min(Math.max(4, availableParallelism() + 2), 32));

async function main(): Promise<void> {
  const { run } = await import('./run.ts');
  // Lets a signal be noticed that arrived while it was being loaded.
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
  if (isStopping) return;
  const directory = (process.argv[1] ?? '').replace(/[^\\/]*$/, '');
  const running = run(env, {
    stdout,
    signals: process,
    nodeVersion: process.version,
    workingDirectory: process.cwd(),
    metadataPaths: ['/pipe.yml', `${directory}../pipe.yml`, `${directory}pipe.yml`],
  });
  // From here on, the run handles them, until its outcome is printed. By default, a later one would end the process with another.
  for (const signal of stopSignals) process.on(signal, () => undefined).off(signal, stopEarly);
  const exitCode = await running;
  hasEnded = true;
  process.exitCode = exitCode;
  // Nothing should still be pending. If something is, the finished step must not hang.
  setTimeout(() => exit(exitCode), 200).unref();
}

/** Nothing that could keep the process from ending has begun. */
function stopEarly(signal: StopSignal): void {
  if (isStopping) return;
  isStopping = true;
  void import('./run.ts').then(async ({ reportStop }) =>
    process.exit(await reportStop(signal, env, { stdout, workingDirectory: process.cwd() })),
  );
}

async function crash(error: unknown): Promise<void> {
  let exitCode = 1;
  try {
    const { reportCrash } = await import('./run.ts');
    exitCode = reportCrash(error, env, stdout);
  } catch {
    // What cannot be loaded cannot report itself.
    stdout.write('✖ Unexpected error: the pipe could not be loaded\n');
  }
  exit(exitCode);
}

/**
 * Ends the process at once. `process.exit` joins libuv's threads, and a thread may be stuck in a name lookup without an
 * answer, or in opening a named pipe without a reader. Replacing the process with one that only exits avoids the wait; its
 * environment is empty, since NODE_OPTIONS may ask for more to be loaded. Windows has no such call.
 */
function exit(exitCode: number): void {
  if (process.execve !== undefined && process.platform !== 'win32')
    process.execve(process.execPath, [process.execPath, '--eval', `process.exit(${exitCode})`], {});
  process.exit(exitCode);
}

void main();
