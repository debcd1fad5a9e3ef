/** Conditions of a PUT to the Maven repository (RFC 9110, 13.1): honoured, required, refused or ignored. */
import type { IncomingHttpHeaders } from 'node:http';
import { Refusal, text } from './answers.ts';
import type { StoredFile } from './maven-store.ts';

export const conditionKinds = ['ignored', 'honoured', 'required', 'answered by 501', 'answered by 400'] as const;
export type Conditions = (typeof conditionKinds)[number];
export type EtagKind = 'strong' | 'weak';

export function etagOf({ tag }: StoredFile, kind: EtagKind): string {
  return kind === 'weak' ? `W/"${tag}"` : `"${tag}"`;
}

/** @param present what is stored under the name @throws Refusal if the condition is false, missing or not supported */
export function checkConditions(
  headers: IncomingHttpHeaders,
  present: StoredFile | undefined,
  { conditions = 'ignored' }: { readonly conditions?: Conditions | undefined },
): void {
  const { 'if-match': match, 'if-none-match': noneMatch } = headers;
  // A weak ETag never matches here (RFC 9110, 13.1.1), so that a client which sends one does not know the rule.
  if (match?.startsWith('W/') === true) throw new Refusal(text(412, 'Precondition Failed'), 'a weak ETag in If-Match');
  if (noneMatch !== undefined && noneMatch !== '*')
    throw new Refusal(text(400, 'Bad Request'), 'If-None-Match with an ETag');
  if (conditions === 'ignored') return;
  const isConditional = match !== undefined || noneMatch !== undefined;
  if (conditions === 'required' && !isConditional) throw new Refusal(text(428, 'Precondition Required'));
  if (!isConditional) return;
  if (conditions === 'answered by 501') throw new Refusal(text(501, 'A header is not implemented'));
  if (conditions === 'answered by 400') throw new Refusal(text(400, 'A header is not supported'));
  const isTrue =
    (noneMatch === undefined || present === undefined) &&
    (match === undefined || (present !== undefined && match === etagOf(present, 'strong')));
  if (!isTrue) throw new Refusal(text(412, 'Precondition Failed'));
}
