/** Says that the engine has no such image, and what it has instead. */

import { InputError } from '../../errors.ts';
import { printable } from '../../toolkit/stdout.ts';
import { asListOrNothing, isRecord } from '../../io/json.ts';
import { fullName } from '../formats/names.ts';
import type { EngineClient } from './engine-client.ts';

const maxNames = 5;

/** @param reason the engine's own words */
export async function noSuchImage(engine: EngineClient, name: string, reason: string): Promise<InputError> {
  const shown = printable(name);
  const others = similarNames(name, await namesOf(engine));
  const there = others.length === 0 ? 'It has none of a similar name' : `It has ${others.map(printable).join(', ')}`;
  // Another reason than the usual one, such as a platform that the image is not for, is worth repeating.
  const why = /no such image/i.test(reason) ? '' : ` (${printable(reason)})`;
  return new InputError(
    `There is no image ${shown} in ${engine.name}${why}. ${there}. Build it before, in the same step, with docker build -t ${shown} . (images of other steps are not there: save them with docker save, keep the file as an artifact, and publish that)`,
  );
}

async function namesOf(engine: EngineClient): Promise<readonly string[]> {
  try {
    const { value } = await engine.getJson('/images/json');
    return asListOrNothing(value, engine.name).flatMap((image) =>
      isRecord(image) ? asListOrNothing(image['RepoTags'], engine.name).filter((tag) => typeof tag === 'string') : [],
    );
  } catch {
    // Only for the message: what matters is known.
    return [];
  }
}

/** Those of the same repository, else those whose last part is alike. */
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
