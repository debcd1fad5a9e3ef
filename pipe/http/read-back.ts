/** Repeats a read for a while, because a server may not yet show what was just written to it. */

import { HttpError, type PipeError, UnexpectedAnswerError } from '../errors.ts';
import { sleep as realSleep, type Sleep } from './origin-gate.ts';
import { isTransient } from './retry.ts';

/** How long to keep asking. Only the waits count, not the time that the requests take. */
export interface Patience {
  /** The first wait; each one after it is twice as long. */
  readonly baseMs: number;
  /** All waits together. */
  readonly limitMs: number;
  readonly signal?: AbortSignal | undefined;
  readonly sleep?: Sleep;
}

/** Most servers catch up within a second or two; the pipe promises to wait 30 s at most. */
export function patienceOf(baseMs: number, signal: AbortSignal): Patience {
  return { baseMs: baseMs / 2, limitMs: baseMs * 30, signal };
}

/** Waits this long. @throws the signal's reason if it aborts first */
export async function pause(ms: number, { signal, sleep = realSleep }: Patience): Promise<void> {
  await sleep(ms, signal);
}

/**
 * Asks until the answer is settled or time runs out.
 *
 * @returns the last answer, settled or not
 * @throws what `ask` throws; the signal's reason if it aborts first
 */
export async function askUntil<T>(
  ask: () => Promise<T>,
  isSettled: (answer: T) => boolean,
  patience: Patience,
): Promise<T> {
  let leftMs = patience.limitMs;
  for (let waitMs = patience.baseMs; ; waitMs *= 2) {
    const answer = await ask();
    if (leftMs <= 0 || isSettled(answer)) return answer;
    const ms = Math.min(waitMs, leftMs);
    leftMs -= ms;
    await pause(ms, patience);
  }
}

/** As `askUntil`; after it has waited in vain, it asks only once. */
export type ReadBack = <T>(ask: () => Promise<T>, isSettled: (answer: T) => boolean) => Promise<T>;

/** For one run: a server that does not show one thing in time would not show the others, either, and each would take as long. */
export function createReadBack(patience: Patience): ReadBack {
  let isInVain = false;
  return async (ask, isSettled) => {
    const answer = await askUntil(ask, isSettled, isInVain ? { ...patience, limitMs: 0 } : patience);
    isInVain ||= !isSettled(answer);
    return answer;
  };
}

/** The refusal says that it conflicts with what is there: 409 or 412 (RFC 9110, 15.5.10 and 15.5.13). */
export function isConflict(error: unknown): error is HttpError {
  return error instanceof HttpError && [409, 412].includes(error.refusal.status);
}

const contentStatuses: ReadonlySet<number> = new Set([400, 403, 405, 409, 412, 415, 422]);

/**
 * The server may have refused the content itself, rather than the account or the moment, and perhaps because it has it
 * already. There are as many other meanings: only asking for it settles that.
 */
export function mayRefuseContent(error: unknown): error is HttpError {
  return error instanceof HttpError && contentStatuses.has(error.refusal.status);
}

/**
 * Looks for what a server has refused to store, since it may have it already.
 *
 * @param isExpected the refusal says that it is there, so that a server which does not show it yet is worth waiting for. Other
 *   refusals usually mean something else: waiting would only delay the message.
 * @returns what `find` returns last: undefined if it is not there
 */
export async function findRefused<T>(
  isExpected: boolean,
  find: () => Promise<T | undefined>,
  readBack: ReadBack,
): Promise<T | undefined> {
  return isExpected ? await readBack(find, (found) => found !== undefined) : await find();
}

/**
 * Whether a registry answers, but does not show what it was asked for. Tokens that may publish but not read are common, not every
 * index can be read where it is looked for, and some registries answer `{}` or an error document for what does not exist yet.
 */
export function isReadingRefused(error: unknown): error is PipeError {
  return (
    error instanceof UnexpectedAnswerError ||
    (error instanceof HttpError && error.refusal.status < 500 && !isTransient(error))
  );
}
