/** Options for the behaviour of the sandbox's Python index. */
import { arrayOf, checkFields, isBoolean, isPositive, isString, oneOf, optional } from './check-fields.ts';

export interface PypiOptions {
  /** Names of projects that exist: others are unknown. Default: any project exists. */
  readonly projects?: readonly string[];
  /** `basic`, the default, as Bitbucket's; `none`: anyone may publish. */
  readonly authentication?: 'basic' | 'none';
  /**
   * The answer to a file that exists: PyPI's 400, or 200 if it is identical, the default; pypiserver's 409; another's 403 in words
   * that say nothing.
   */
  readonly dialect?: 'pypi' | 'pypiserver' | 'other';
  /** The forms of pages. Default `both`: what the request accepts. */
  readonly pages?: 'both' | 'json' | 'html';
  /** Whether pages list hashes. Default true. */
  readonly hashes?: boolean;
  /** `refused`: with 403; `missing`: 404 for every page; `elsewhere`: a redirect to another index. Default `allowed`. */
  readonly reading?: 'allowed' | 'refused' | 'missing' | 'elsewhere';
  /** The directory of pages: `+simple` as of devpi. Default `simple`. */
  readonly pagesPath?: 'simple' | '+simple';
  /** An uploaded file is visible only after this many reads. Default 0. */
  readonly staleReads?: number;
  /** 413 beyond this. Default 200 MB. */
  readonly maxFileBytes?: number;
}

const fields = {
  projects: optional(arrayOf(isString)),
  authentication: optional(oneOf('basic', 'none')),
  dialect: optional(oneOf('pypi', 'pypiserver', 'other')),
  pages: optional(oneOf('both', 'json', 'html')),
  hashes: optional(isBoolean),
  reading: optional(oneOf('allowed', 'refused', 'missing', 'elsewhere')),
  pagesPath: optional(oneOf('simple', '+simple')),
  staleReads: optional(isPositive),
  maxFileBytes: optional(isPositive),
} satisfies Record<keyof PypiOptions, unknown>;

/** Checks options from JSON. @throws TypeError that names the problem */
export function parsePypiOptions(value: unknown): PypiOptions {
  checkFields('pypi', value, fields);
  return value;
}
