/** Reads a request's body at the consumer's pace; reading can be stopped and resumed anywhere. */
import type { IncomingMessage } from 'node:http';
import { isNativeError } from 'node:util/types';

/** The client disconnected, or the sandbox is closing: there is nothing left to do. */
export class ConnectionLost extends Error {}

export interface BodyReader {
  /** Its result is awaited; an error stops the reading. */
  readonly onChunk: (chunk: Buffer) => Promise<unknown> | undefined;
  readonly onEnd: () => void;
}

/** Rejects with the error of `onChunk`, after which the rest can be read; with ConnectionLost if the body breaks off. */
export function readBody(request: IncomingMessage, { onChunk, onEnd }: BodyReader): Promise<void> {
  if (request.destroyed) return Promise.reject(new ConnectionLost());
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      request.off('data', take).off('end', end).off('close', lose);
    };
    const fail = (error: unknown): void => {
      stop();
      request.pause();
      reject(isNativeError(error) ? error : new Error(String(error)));
    };
    const take = (chunk: Buffer): void => {
      try {
        const pending = onChunk(chunk);
        if (pending === undefined) return;
        request.pause();
        pending.then(() => request.resume(), fail);
      } catch (error) {
        fail(error);
      }
    };
    const end = (): void => {
      stop();
      onEnd();
      resolve();
    };
    const lose = (): void => fail(new ConnectionLost());
    request.on('data', take).on('end', end).on('close', lose);
    request.resume();
  });
}
