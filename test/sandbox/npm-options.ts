/** Options for the behaviour of the sandbox's npm registry. */
import { arrayOf, checkFields, isBoolean, isPositive, isString, oneOf, optional } from './check-fields.ts';

export interface NpmOptions {
  /** Names of packages that exist: others are unknown. Default: any package exists. */
  readonly packages?: readonly string[];
  /** `basic`, the default, as Bitbucket's; `bearer` as npmjs.com; `none`: anyone may publish. */
  readonly authentication?: 'basic' | 'bearer' | 'none';
  /** Scope that packages must have, such as `@acme`. Default: any or none. */
  readonly scope?: string;
  /** Status for a version that already exists. Default 403, as by npmjs.com. */
  readonly conflictStatus?: 403 | 409;
  /** A published version is visible only after this many reads. Default 0. */
  readonly staleReads?: number;
  /** After a dist-tag is moved, this many reads still show its previous version. Default 0. */
  readonly staleTagReads?: number;
  /** 413 beyond this. Default 200 MB. */
  readonly maxDocumentBytes?: number;
  /** The digests in the descriptions of versions. Default both. */
  readonly digests?: 'both' | 'shasum' | 'none';
  /** Versions are always described in full, whatever the request accepts. Default false. */
  readonly onlyLongForm?: boolean;
  /** Whether it has a staging area, as npmjs.com. Default false. */
  readonly stages?: boolean;
  /** Pages of the list of staged versions are never longer. Default: as long as requested. */
  readonly stagePageSize?: number;
}

const fields = {
  packages: optional(arrayOf(isString)),
  authentication: optional(oneOf('basic', 'bearer', 'none')),
  scope: optional(isString),
  conflictStatus: optional(oneOf(403, 409)),
  staleReads: optional(isPositive),
  staleTagReads: optional(isPositive),
  maxDocumentBytes: optional(isPositive),
  digests: optional(oneOf('both', 'shasum', 'none')),
  onlyLongForm: optional(isBoolean),
  stages: optional(isBoolean),
  stagePageSize: optional(isPositive),
} satisfies Record<keyof NpmOptions, unknown>;

/** Checks options from JSON. @throws TypeError that names the problem */
export function parseNpmOptions(value: unknown): NpmOptions {
  checkFields('npm', value, fields);
  return value;
}
