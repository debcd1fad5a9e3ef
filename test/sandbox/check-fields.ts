/** Checks a JSON object field by field, and names the field that is unknown or wrong. */

export type Check = (value: unknown) => boolean;

export const isString: Check = (value) => typeof value === 'string';
export const isBoolean: Check = (value) => typeof value === 'boolean';
export const isCount: Check = (value) => typeof value === 'number' && value >= 0;
export const isCountOrEndless: Check = (value) => value === -1 || isCount(value);
export const isPositive: Check = (value) => typeof value === 'number' && value > 0;
export const isStatus: Check = (value) => Number.isInteger(value) && Number(value) >= 200 && Number(value) <= 599;
export const isRegularExpression: Check = (value) => typeof value === 'string' && compiles(value);

export const optional =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value);

export const oneOf =
  (...choices: readonly unknown[]): Check =>
  (value) =>
    choices.includes(value);

export const arrayOf =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every((item) => check(item));

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** @throws TypeError that names the field */
export function checkFields(
  what: string,
  value: unknown,
  fields: Readonly<Record<string, Check>>,
): asserts value is Record<string, unknown> {
  if (!isRecord(value)) throw new TypeError(`${what}: not an object`);
  for (const key of Object.keys(value)) {
    if (!Object.hasOwn(fields, key)) throw new TypeError(`${what}: unknown field ${key}`);
  }
  for (const [key, check] of Object.entries(fields)) {
    if (!check(value[key])) throw new TypeError(`${what}: ${key} cannot be ${JSON.stringify(value[key])}`);
  }
}

function compiles(source: string): boolean {
  try {
    return new RegExp(source) instanceof RegExp;
  } catch {
    return false;
  }
}
