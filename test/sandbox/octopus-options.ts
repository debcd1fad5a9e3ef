/** Options for the behaviour of the sandbox's Octopus server. */
import { arrayOf, checkFields, isBoolean, isCount, isPositive, isString, oneOf, optional } from './check-fields.ts';

export type Hidden = 'hash' | 'size and hash';

export interface OctopusOptions {
  /** The spaces, the first of which is the default. Default: `Default` and `Team`. */
  readonly spaces?: readonly string[];
  /** Whether deltas are known. Default true; false: 404 to requests for signatures. */
  readonly knowsDeltas?: boolean;
  /** Of the signatures. Default `Adler32`. */
  readonly rollingChecksum?: 'Adler32' | 'Adler32V2';
  /** Of the signatures. Default 2048. */
  readonly chunkBytes?: number;
  /** Deltas are refused with this status. Default: they are applied. */
  readonly deltaStatus?: 400 | 404 | 409 | 500;
  /** Packages are stored up to this size, without a word, as at the storage limit (OctopusDeploy/Issues#6575). */
  readonly storageLimitBytes?: number;
  /** What descriptions of packages leave out. Default: nothing. */
  readonly hides?: Hidden;
}

const fields = {
  spaces: optional(arrayOf(isString)),
  knowsDeltas: optional(isBoolean),
  rollingChecksum: optional(oneOf('Adler32', 'Adler32V2')),
  chunkBytes: optional(isPositive),
  deltaStatus: optional(oneOf(400, 404, 409, 500)),
  storageLimitBytes: optional(isCount),
  hides: optional(oneOf('hash', 'size and hash')),
} satisfies Record<keyof OctopusOptions, unknown>;

/** Checks options from JSON. @throws TypeError that names the problem */
export function parseOctopusOptions(value: unknown): OctopusOptions {
  checkFields('octopus', value, fields);
  return value;
}
