/** Reads the variables, performs the run, and prints the outcome: the only place where a failure becomes output. */

import { setTimeout } from 'node:timers/promises';
import { isExpected, messageOf, PipeError, StoppedError } from './errors.ts';
import { givenSecrets } from './settings/given-secrets.ts';
import type { Ending, Failure, Success } from './perform.ts';
import { readSettings } from './read-settings.ts';
import { beginRecord } from './record.ts';
import { type Environment, readBoolean } from './toolkit/environment.ts';
import { exitCodes, fail, onStopSignal, type StopSignal, succeed } from './toolkit/exit.ts';
import { createOutput, type Output, type Stream } from './toolkit/stdout.ts';
import { Problems, ValidationError } from './toolkit/problems.ts';
import { createSecrets, type Secrets } from './toolkit/scrub.ts';
import type { Surroundings } from './tools.ts';

/** A run that does not stop within this time after a signal is abandoned: half of what is promised, for busy machines. */
const maxStopMs = 1_000;

/** The time to record that the run was stopped. */
const maxRecordMs = 400;

const unknownState = '  uploads in progress may or may not have been published';

/** Runs the pipe once. Never throws. @returns the exit code */
export async function run(env: Environment, surroundings: Surroundings): Promise<number> {
  const secrets = secretsOf(env);
  const output = createRunOutput(surroundings.stdout, env, secrets);
  const controller = new AbortController();
  const { signal } = controller;
  const stopListening = onStopSignal(surroundings.signals, (name) => controller.abort(new StoppedError(name)));
  try {
    let isUnderWay = false;
    // From the first moment on, no result of an earlier run must be left.
    const recording = beginRecord(env, surroundings.workingDirectory, secrets, output);
    const attempt = async (): Promise<Ending> => {
      const { checkOutput } = await recording;
      const settings = await readSettings(env);
      checkOutput();
      signal.throwIfAborted();
      // The code that sends is loaded only now, so that validation errors are reported sooner.
      const { perform } = await import('./perform.ts');
      isUnderWay = true;
      return await perform({ env, settings, output, secrets, signal, surroundings });
    };
    const record = async ({ verdict, result }: Ending): Promise<Success | Failure> => {
      const { end } = await recording;
      await end(result, 'summary' in verdict ? undefined : verdict.error);
      return verdict;
    };
    const work = async (): Promise<Success | Failure> =>
      await record(await attempt().catch((error: unknown) => ({ verdict: { error }, result: { items: [] } })));
    const late = async (): Promise<Failure> => {
      await stopDeadline(signal);
      const verdict = { error: signal.reason, lines: isUnderWay ? [unknownState] : [] };
      await withinTime(record({ verdict, result: { items: [] } }));
      return verdict;
    };
    const verdict = await Promise.race([work(), late()]);
    return 'summary' in verdict ? succeed(output, verdict.summary) : failRun(output, env, verdict);
  } catch (error) {
    return failRun(output, env, { error });
  } finally {
    stopListening();
  }
}

/** Prints an uncaught error like any other failure. @returns the exit code */
export function reportCrash(error: unknown, env: Environment, stdout: Stream): number {
  return failRun(createRunOutput(stdout, env, secretsOf(env)), env, { error, lines: [unknownState] });
}

/** Records and prints that a signal ended the run before it began. @returns the exit code */
export async function reportStop(
  signal: StopSignal,
  env: Environment,
  { stdout, workingDirectory }: Pick<Surroundings, 'stdout' | 'workingDirectory'>,
): Promise<number> {
  const secrets = secretsOf(env);
  const output = createRunOutput(stdout, env, secrets);
  const error = new StoppedError(signal);
  const record = async (): Promise<void> => {
    const { end } = await beginRecord(env, workingDirectory, secrets, output);
    await end({ items: [] }, error);
  };
  await withinTime(record());
  return failRun(output, env, { error });
}

/** Waits for a record, but no longer than a stopped run may take. */
async function withinTime(recording: Promise<unknown>): Promise<void> {
  await Promise.race([recording.catch(() => undefined), setTimeout(maxRecordMs, undefined, { ref: false })]);
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

/** The output of a run. A terminal that cannot move its cursor (`TERM=dumb`) gets the lines of a log, and no colours. */
function createRunOutput(stdout: Stream, env: Environment, { scrub }: Secrets): Output {
  const isDumb = stdout.isTTY === true && env['TERM'] === 'dumb';
  const stream: Stream = isDumb ? { write: (text) => stdout.write(text) } : stdout;
  return createOutput(stream, scrub, isColoured(env, !isDumb));
}

/** FORCE_COLOR counts for more than NO_COLOR, as for Node.js. */
function isColoured({ FORCE_COLOR: forced = '', NO_COLOR: none = '' }: Environment, byDefault: boolean): boolean {
  if (forced !== '') return forced !== '0' && forced !== 'false';
  return byDefault && none === '';
}

async function stopDeadline(signal: AbortSignal): Promise<void> {
  await new Promise((resolve) => {
    signal.addEventListener('abort', resolve, { once: true });
  });
  await setTimeout(maxStopMs, undefined, { ref: false });
}

function failRun(
  output: Output,
  env: Environment,
  { error, lines = [], advice: given, text: failed }: Failure,
): number {
  const advice = given ?? (error instanceof PipeError ? error.advice : undefined);
  if (error instanceof ValidationError)
    for (const warning of error.warnings) output.line(`WARNING: ${warning}`, 'yellow');
  // Once publishing has begun, each item has a line.
  const isStoppedEarly = error instanceof StoppedError && lines.length === 0;
  const text = [
    // Text that is not from the pipe itself has no lines.
    ...(failed ?? (isExpected(error) ? error.message.split('\n') : [messageOf(error)])),
    ...(isStoppedEarly ? ['  nothing was published'] : lines),
    ...(advice === undefined ? [] : [`What to do: ${advice}`]),
    ...(isExpected(error) || isDebug(env)
      ? []
      : ['What to do: run it again with DEBUG set to true, and report its output.']),
    ...(isDebug(env) && error instanceof Error && !(error instanceof ValidationError)
      ? [`Stack of the ${error.name}:`, ...stackOf(error)]
      : []),
  ];
  return fail(output, text, error instanceof StoppedError ? exitCodes[error.signal] : exitCodes.failure);
}

function isDebug(env: Environment): boolean {
  return readBoolean(env, 'DEBUG', new Problems()) === true;
}

/** The calls that led to the error, each on a line of its own, and its causes. The message stands above them. */
function stackOf(error: unknown): readonly string[] {
  if (!(error instanceof Error)) return [];
  const { message, stack = '', cause } = error;
  // The message may be from outside, and have lines that look like calls.
  const calls = stack.slice(stack.indexOf(message) + message.length).match(/^ +at .*/gm) ?? [];
  const causes = cause instanceof Error ? [`Caused by: ${cause.name}: ${cause.message}`, ...stackOf(cause)] : [];
  return [...calls, ...causes];
}
