/** What a fuzzer attacks, and how its failures are judged. */

import { PipeError } from '../../pipe/errors.ts';
import { ValidationError } from '../../pipe/toolkit/problems.ts';
import type { Random } from './random.ts';

export interface Target {
  /** Performs one case. @throws FuzzFailure, or what the pipe throws if it crashes */
  attack(random: Random): Promise<void> | void;
  close?(): Promise<void>;
}

/** Sets a target up. @param directory is empty, and removed afterwards */
export type OpenTarget = (directory: string) => Promise<Target> | Target;

/** A defect in the pipe. */
export class FuzzFailure extends Error {
  override readonly name = 'FuzzFailure';
}

/** Variables may be long, and are quoted. */
const maxMessage = 1e6;

/** Runs code of the pipe, which may reject its input, but only by an error of its own with a message that can be shown. */
export async function allowRejection(work: () => unknown): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof PipeError || error instanceof ValidationError))
      throw new FuzzFailure(`crashed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`, {
        cause: error,
      });
    if (error.message.trim() === '') throw new FuzzFailure('rejected its input without a message', { cause: error });
    if (
      /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u.test(error.message.replaceAll('\n', '')) ||
      error.message.length > maxMessage
    )
      throw new FuzzFailure(`rejected its input with a message that is not printable: ${error.message}`);
  }
}
