/** The pipe as a program: the only file that touches `process`. */

import { dirname, join } from 'node:path';
import { reportCrash, run } from './run.ts';

const { env, stdout } = process;

// A reader that goes away, as `head` does, must not turn a finished upload into a crash.
stdout.on('error', () => undefined);
for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
  process.on(event, (error: unknown) => process.exit(reportCrash(error, env, stdout)));
}

const scriptDirectory = dirname(process.argv[1] ?? '.');

async function main(): Promise<void> {
  process.exitCode = await run(env, {
    stdout,
    signals: process,
    workingDirectory: process.cwd(),
    metadataPaths: ['/pipe.yml', join(scriptDirectory, '..', 'pipe.yml'), join(scriptDirectory, 'pipe.yml')],
  });
  // Nothing should be left to wait for; if something is, a finished step must not hang on it.
  setTimeout(() => process.exit(), 200).unref();
}

void main();
