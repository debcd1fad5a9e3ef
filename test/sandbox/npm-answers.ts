/** The answers of an npm registry. */
import { json, type Answer } from './answers.ts';

export function npmError(status: number, error: string): Answer {
  return json(status, { error, success: false });
}

/** The answer of Bitbucket's registry. */
export function unknownPackage(name: string): Answer {
  return json(404, {
    errors: [{ code: 'NAME_UNKNOWN', message: `The package ${name} does not exist in this workspace` }],
  });
}
