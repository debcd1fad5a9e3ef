/** Checks results by the schema that ships with the pipe. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Ajv from 'ajv/dist/2020.js';

export const resultSchema = JSON.parse(readFileSync(join(__dirname, '..', 'pipe', 'result.schema.json'), 'utf8'));

/** The schema, with no fields but those that it describes: what is published may have more in later versions. */
const closed = JSON.parse(
  JSON.stringify(resultSchema, (_, value: unknown) =>
    typeof value === 'object' && value !== null && 'type' in value && value.type === 'object'
      ? { ...value, additionalProperties: false }
      : value,
  ),
);

// The condition's parts leave the types to the schema around them.
const validate = new Ajv({ strict: true, strictTypes: false, strictRequired: false, allErrors: true }).compile(closed);

/** The problems with the text of a result file; empty if there are none. */
export function resultProblems(text: string): readonly string[] {
  validate(JSON.parse(text));
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
}
