/** The error for an image that the engine does not have, with similar names. */

import { InputError } from '../../errors.ts';
import { printable } from '../../toolkit/stdout.ts';
import { asListOrEmpty, isRecord } from '../../io/json.ts';
import { fullName } from '../formats/names.ts';
import type { EngineClient } from './engine-client.ts';

const maxNames = 5;

/** Names similar images, and what to do. @param reason the engine's message */
export async function noSuchImage(engine: EngineClient, name: string, reason: string): Promise<InputError> {
  const shown = printable(name);
  const others = similarNames(name, await namesOf(engine));
  const there =
    others.length === 0 ? 'It has no image with a similar name' : `It has ${others.map(printable).join(', ')}`;
  // An unusual reason, such as a missing platform, is worth showing.
  const why = /no such image/i.test(reason) ? '' : ` (${printable(reason)})`;
  return new InputError(`There is no image ${shown} in ${engine.name}${why}. ${there}`, {
    advice: `Check IMAGE, or build it first, in the same step: docker build -t ${shown} . Images from other steps are not here: save them with docker save, keep the file as an artifact, and name it in FILENAME.`,
  });
}

async function namesOf(engine: EngineClient): Promise<readonly string[]> {
  try {
    const { value } = await engine.getJson('/images/json');
    return asListOrEmpty(value, engine.name).flatMap((image) =>
      isRecord(image) ? asListOrEmpty(image['RepoTags'], engine.name).filter((tag) => typeof tag === 'string') : [],
    );
  } catch {
    // The names only improve the message.
    return [];
  }
}

/** Names in the same repository or, if there are none, with a similar last part. */
function similarNames(name: string, names: readonly string[]): readonly string[] {
  const tagged = names.filter((other) => !other.startsWith('<none>'));
  const sameRepository = tagged.filter((other) => repositoryOf(fullName(other)) === repositoryOf(fullName(name)));
  const wanted = lastPart(name);
  const alike = tagged.filter((other) => lastPart(other).includes(wanted) || wanted.includes(lastPart(other)));
  return (sameRepository.length > 0 ? sameRepository : alike).slice(0, maxNames);
}

function repositoryOf(name: string): string {
  return name.replace(/(?::[^/]*|@.*)$/, '');
}

function lastPart(name: string): string {
  return repositoryOf(name).split('/').at(-1) ?? name;
}
