/** Checks the query of a request to Bitbucket's REST API. */
import { apiError, Refusal } from './answers.ts';
import type { Exchange } from './exchange.ts';

/** The number of this key, from 1. @throws Refusal if it is not one */
export function positiveInteger(query: URLSearchParams, key: string, otherwise: number): number {
  const value = query.get(key);
  if (value === null) return otherwise;
  if (!/^[1-9]\d{0,8}$/.test(value)) throw new Refusal(apiError(400, `Invalid ${key}`), `${key} is not a number`);
  return Number(value);
}

/** Bitbucket ignores unknown query keys, but a client that relies on that is still wrong. */
export function checkQuery(exchange: Exchange, query: URLSearchParams, known: readonly string[]): void {
  for (const key of new Set(query.keys())) {
    if (!known.includes(key)) exchange.violate(`unknown query key ${key}`);
    if (query.getAll(key).length > 1) exchange.violate(`query key ${key} more than once`);
  }
}
