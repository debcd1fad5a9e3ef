/** The table of output variables, which is also a table in the README. */

import type { Type } from '../settings/variables.ts';
import type { Action } from './outcome.ts';

interface OutputVariableRow {
  readonly appliesTo: readonly Type[];
  readonly usage: string;
}

export const outputVariables = {
  UPLOAD_ACTION: {
    appliesTo: ['file', 'image', 'npm', 'maven', 'pypi', 'octopus'],
    usage:
      '`uploaded` if anything was uploaded; `reused` if the registry had all layers of an image; `packed` if it was only packed; `skipped` if everything was there already.',
  },
  UPLOAD_COUNT: {
    appliesTo: ['file', 'npm', 'pypi', 'octopus'],
    usage: 'The number of files or packages, with those that were there already.',
  },
  UPLOAD_SKIPPED_COUNT: {
    appliesTo: ['file', 'npm', 'pypi', 'octopus'],
    usage: 'The number of those that were there already, and were left as they are.',
  },
  UPLOAD_URL: {
    appliesTo: ['file', 'pypi'],
    usage:
      'The URL of the file, or if there are several, of the Downloads page, or of the page of a single project in a Python index.',
  },
  UPLOAD_SHA256: {
    appliesTo: ['file'],
    usage: 'The SHA-256 of a single file.',
  },
  UPLOAD_DELETED_COUNT: {
    appliesTo: ['file'],
    usage: 'The number of downloads that `--keep` deleted.',
  },
  IMAGE_REFERENCE: {
    appliesTo: ['image'],
    usage:
      'The image with the tag in `IMAGE`: `crg.apkg.io/acme/app:1.0`. Of several images, this is the first, and `IMAGE_REFERENCE_0`, `IMAGE_REFERENCE_1`, … are all of them; the same goes for the next two.',
  },
  IMAGE_DIGEST: {
    appliesTo: ['image'],
    usage:
      'The digest of the image under that tag: `sha256:…`. With `--join`, that of the index; with `--skip-existing`, that of the image that was there.',
  },
  IMAGE_PULL_REFERENCE: {
    appliesTo: ['image'],
    usage: 'What to deploy: the image with that digest, `crg.apkg.io/acme/app@sha256:…`, whatever becomes of the tag.',
  },
  PACKAGE_NAME: {
    appliesTo: ['npm', 'maven', 'pypi', 'octopus'],
    usage: 'The name of a single package: `@scope/name`, `group:artifact`, the name of a Python project, or its ID.',
  },
  PACKAGE_VERSION: {
    appliesTo: ['npm', 'maven', 'pypi', 'octopus'],
    usage: 'The version of a single package; of a Maven SNAPSHOT, with its timestamp.',
  },
  PACKAGE_URL: {
    appliesTo: ['npm', 'maven', 'pypi', 'octopus'],
    usage:
      'The URL of the tarball of a single package, of the Maven artifact, or of the package on the Octopus server; for `pypi`, the same as `UPLOAD_URL`.',
  },
  PACKAGE_SHA256: {
    appliesTo: ['npm', 'maven', 'pypi', 'octopus'],
    usage: 'The SHA-256 of that file, if it is a single one.',
  },
  PACKAGE_PATH: {
    appliesTo: ['octopus'],
    usage: 'The path of the package in `OUTPUT_PATH`.',
  },
  PACKAGE_INTEGRITY: {
    appliesTo: ['npm'],
    usage: 'The integrity of a single npm package, as lock files have it: `sha512-…`.',
  },
  NPM_STAGE_IDS: {
    appliesTo: ['npm'],
    usage:
      'With `--stage`, what `npm stage approve` takes: the identifiers of the staged versions, separated by spaces.',
  },
} as const satisfies Readonly<Record<string, OutputVariableRow>>;

/** Values for later steps; a variable without a value is not written. */
export type OutputValues = { readonly [Name in keyof typeof outputVariables]?: string | undefined } & {
  // Those of each of several images.
  readonly [Name in `IMAGE_${'REFERENCE' | 'DIGEST' | 'PULL_REFERENCE'}_${number}`]?: string | undefined;
};

/** `UPLOAD_ACTION` for a run that published these items. */
export function overallAction(items: readonly { readonly action: Action }[]): string {
  const has = (wanted: Action): boolean => items.some(({ action }) => action === wanted);
  return (['uploaded', 'reused', 'packed'] as const).find(has) ?? 'skipped';
}

/** The number of items that were left as they are. */
export function countSkipped(items: readonly { readonly action: Action }[]): string {
  return String(items.filter(({ action }) => action === 'skipped').length);
}
