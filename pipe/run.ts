/** Reads the variables, performs the run, and prints the outcome: the only place where a failure becomes output. */

import { setTimeout } from 'node:timers/promises';
import { PipeError, StoppedError } from './errors.ts';
import { givenSecrets } from './settings/given-secrets.ts';
import type { Failure } from './perform.ts';
import { readSettings } from './read-settings.ts';
import { type Environment, readBoolean } from './toolkit/environment.ts';
import { exitCodes, fail, onStopSignal, type StopSignal, succeed } from './toolkit/exit.ts';
import { createOutput, type Output, type Stream } from './toolkit/stdout.ts';
import { Problems, ValidationError } from './toolkit/problems.ts';
import { createSecrets, type Secrets } from './toolkit/scrub.ts';
import type { Surroundings } from './tools.ts';

/** A run that does not stop within this time after a signal is abandoned: half of what is promised, for busy machines. */
const maxStopMs = 1_000;

const unknownState = '  uploads in progress may or may not have been published';

/** Runs the pipe once. Never throws. @returns the exit code */
export async function run(env: Environment, surroundings: Surroundings): Promise<number> {
  const secrets = secretsOf(env);
  const output = createOutput(surroundings.stdout, secrets.scrub, isColoured(env));
  const controller = new AbortController();
  const { signal } = controller;
  const stopListening = onStopSignal(surroundings.signals, (name) => controller.abort(new StoppedError(name)));
  try {
    let isUnderWay = false;
    const work = async (): Promise<string | Failure> => {
      const settings = await readSettings(env);
      signal.throwIfAborted();
      // The code that sends is loaded only now, so that validation errors are reported sooner.
      const { perform } = await import('./perform.ts');
      isUnderWay = true;
      return await perform({ env, settings, output, secrets, signal, surroundings });
    };
    const late = async (): Promise<Failure> => {
      await stopDeadline(signal);
      return { error: signal.reason, lines: isUnderWay ? [unknownState] : [] };
    };
    const ending = await Promise.race([work(), late()]);
    return typeof ending === 'string' ? succeed(output, ending) : failRun(output, env, ending);
  } catch (error) {
    return failRun(output, env, { error });
  } finally {
    stopListening();
  }
}

/** Prints an uncaught error like any other failure. @returns the exit code */
export function reportCrash(error: unknown, env: Environment, stdout: Stream): number {
  return failRun(createOutput(stdout, secretsOf(env).scrub, isColoured(env)), env, { error, lines: [unknownState] });
}

/** Prints that a signal ended the run before it began. @returns the exit code */
export function reportStop(signal: StopSignal, env: Environment, stdout: Stream): number {
  return failRun(createOutput(stdout, secretsOf(env).scrub, isColoured(env)), env, { error: new StoppedError(signal) });
}

/** Kept by environment, so that secrets learned during a run are removed from the message of a crash too. */
const secretsByEnvironment = new WeakMap<Environment, Secrets>();

function secretsOf(env: Environment): Secrets {
  const known = secretsByEnvironment.get(env);
  if (known !== undefined) return known;
  const secrets = createSecrets(givenSecrets(env));
  secretsByEnvironment.set(env, secrets);
  return secrets;
}

function isColoured(env: Environment): boolean {
  return !env['NO_COLOR'];
}

async function stopDeadline(signal: AbortSignal): Promise<void> {
  await new Promise((resolve) => {
    signal.addEventListener('abort', resolve, { once: true });
  });
  await setTimeout(maxStopMs, undefined, { ref: false });
}

function failRun(output: Output, env: Environment, { error, lines = [], advice }: Failure): number {
  const isExpected = error instanceof PipeError || error instanceof ValidationError;
  // Once publishing has begun, each item has a line.
  const isStoppedEarly = error instanceof StoppedError && lines.length === 0;
  const text = [
    ...(isExpected ? error.message.split('\n') : [`Unexpected error: ${messageOf(error)}`]),
    ...(isStoppedEarly ? ['  nothing was published'] : lines),
    ...(advice === undefined ? [] : [`What to do: ${advice}`]),
    ...(isExpected || isDebug(env) ? [] : ['What to do: run it again with DEBUG set to true, and report its output.']),
    ...(isDebug(env) && !(error instanceof ValidationError) ? stackOf(error) : []),
  ];
  return fail(output, text, error instanceof StoppedError ? exitCodes[error.signal] : exitCodes.failure);
}

function isDebug(env: Environment): boolean {
  return readBoolean(env, 'DEBUG', new Problems()) === true;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The error with its calls, each on a line of its own, and its causes. */
function stackOf(error: unknown): readonly string[] {
  if (!(error instanceof Error)) return [];
  const { name, message, stack = '', cause } = error;
  // The message may be from outside, and have lines that look like calls.
  const calls = stack.slice(stack.indexOf(message) + message.length).match(/^ +at .*/gm) ?? [];
  const [first = '', ...causes] = stackOf(cause);
  return [`${name}: ${message}`, ...calls, ...(first === '' ? [] : [`Caused by: ${first}`, ...causes])];
}
