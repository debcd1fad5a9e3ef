/** Passes the bytes of a body to an observer as they are read, with a new observer for each opening. */

import { type Body, openingOf, type SizedBody } from './body.ts';

/** A hash, or anything else that sees every byte of one opening. */
interface Observer {
  update(chunk: Uint8Array): void;
}

interface ObservedBody<Of extends Observer> {
  readonly body: SizedBody;
  /** The observer of the opening that a server accepted; the last of them if there were several. */
  accepted(): Of;
}

/**
 * Gives each opening its own observer: an abandoned opening may still be reading, and must not disturb the next one.
 *
 * @param create creates the observer of one opening
 */
export function observeBody<Of extends Observer>(body: SizedBody, create: () => Of): ObservedBody<Of> {
  let accepted: Of | undefined;
  return {
    body: {
      length: body.length,
      open() {
        const observer = create();
        const opening = body.open();
        return openingOf(observed(opening, observer), () => {
          opening.accepted?.();
          accepted = observer;
        });
      },
    },
    accepted() {
      if (accepted === undefined) throw new Error('no opening of this body was accepted');
      return accepted;
    },
  };
}

/** Yields the same bytes after showing them to the observer. */
export async function* observed(bytes: AsyncIterable<Uint8Array>, observer: Observer): AsyncGenerator<Uint8Array> {
  for await (const chunk of bytes) {
    observer.update(chunk);
    yield chunk;
  }
}

/** Reads a whole body. @returns the observer, which has seen all of its bytes */
export async function readThrough<Of extends Observer>(body: Body, observer: Of): Promise<Of> {
  for await (const chunk of body.open()) observer.update(chunk);
  return observer;
}
