/** How a pipe ends: `✔` or `✖` on standard output, the exit code, and the handling of signals. */

import type { Output } from './stdout.ts';

/** Exit codes by outcome. For signals, 128 plus the signal's number, as in shells. */
export const exitCodes = { success: 0, failure: 1, SIGINT: 130, SIGTERM: 143 } as const;

/** A signal that asks the pipe to stop. */
export type StopSignal = 'SIGINT' | 'SIGTERM';

/** Prints `✔` and the lines in green, and returns the exit code of success. */
export function succeed(output: Output, lines: readonly string[]): number {
  output.verdict(true, lines);
  return exitCodes.success;
}

/** Prints `✖` and the lines in red, and returns the exit code. */
export function fail(output: Output, lines: readonly string[], exitCode: number = exitCodes.failure): number {
  output.verdict(false, lines);
  return exitCode;
}

/** The part of `process` that reports signals. */
export interface SignalSource {
  on(signal: StopSignal, listener: () => void): unknown;
  off(signal: StopSignal, listener: () => void): unknown;
}

/**
 * Calls `stop` on SIGINT and SIGTERM. Process 1 of a container has no default signal handling: without this, a cancelled
 * step would run until it is killed.
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
