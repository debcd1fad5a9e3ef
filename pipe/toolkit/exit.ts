/** How a pipe ends: `✔` or `✖` on standard output, exit code, and what to do about signals. */

import { type Output, paint } from './stdout.ts';

/** By how a run ended. Those of signals are 128 and the signal's number, as shells have it. */
export const exitCodes = { success: 0, failure: 1, SIGINT: 130, SIGTERM: 143 } as const;

type StopSignal = 'SIGINT' | 'SIGTERM';

/** Prints `✔ message` in green; gives the exit code of success. */
export function succeed(output: Output, message: string, isColoured: boolean): number {
  output.line(paint('green', `✔ ${message}`, isColoured));
  return exitCodes.success;
}

/** Prints `✖ message` in red; gives the exit code of failure. */
export function fail(
  output: Output,
  message: string,
  isColoured: boolean,
  exitCode: number = exitCodes.failure,
): number {
  output.line(paint('red', `✖ ${message}`, isColoured));
  return exitCode;
}

/** The part of `process` that tells of signals. */
export interface SignalSource {
  on(signal: StopSignal, listener: () => void): unknown;
  off(signal: StopSignal, listener: () => void): unknown;
}

/**
 * Calls `stop` at the first SIGINT or SIGTERM. As process 1 of a container a program gets no default handling of
 * signals: without this, a cancelled step would wait for its kill.
 *
 * @returns a function that stops listening
 */
export function onStopSignal(source: SignalSource, stop: (signal: StopSignal) => void): () => void {
  const listeners = (['SIGINT', 'SIGTERM'] as const).map((signal) => [signal, () => stop(signal)] as const);
  for (const [signal, listener] of listeners) source.on(signal, listener);
  return () => {
    for (const [signal, listener] of listeners) source.off(signal, listener);
  };
}
