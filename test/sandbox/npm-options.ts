/** How an npm registry of a sandbox behaves. */
import { arrayOf, checkFields, isBoolean, isPositive, isString, oneOf, optional } from './check-fields.ts';

export interface NpmOptions {
  /** Names of packages that were created: others are unknown. Default: any is there. */
  readonly packages?: readonly string[];
  /** `basic`, the default, as Bitbucket's; `bearer` as npmjs.com; `none`: anybody may publish. */
  readonly authentication?: 'basic' | 'bearer' | 'none';
  /** Scope that packages must have, `@acme`. Default: any, or none. */
  readonly scope?: string;
  /** What a version that exists is refused with. Default 403, as npmjs.com does. */
  readonly conflictStatus?: 403 | 409;
  /** What is published shows only after so many reads of it. Default 0. */
  readonly staleReads?: number;
  /** Default 200 MB: 413 beyond that. */
  readonly maxDocumentBytes?: number;
  /** What versions are described by. Default both. */
  readonly digests?: 'both' | 'shasum' | 'none';
  /** Versions are shown with everything, whatever was asked for. Default false. */
  readonly onlyLongForm?: boolean;
}

const fields = {
  packages: optional(arrayOf(isString)),
  authentication: optional(oneOf('basic', 'bearer', 'none')),
  scope: optional(isString),
  conflictStatus: optional(oneOf(403, 409)),
  staleReads: optional(isPositive),
  maxDocumentBytes: optional(isPositive),
  digests: optional(oneOf('both', 'shasum', 'none')),
  onlyLongForm: optional(isBoolean),
} satisfies Record<keyof NpmOptions, unknown>;

/** From JSON. Throws a TypeError that names what is unknown or wrong. */
export function parseNpmOptions(value: unknown): NpmOptions {
  checkFields('npm', value, fields);
  return value;
}
