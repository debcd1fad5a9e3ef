/** The settings of TYPE maven. */

import { type CommonSettings, readCommonSettings, type Values } from '../../settings/common.ts';
import type { GivenOptions } from '../../settings/options.ts';
import { isChecksumExtension } from './algorithms.ts';
import { type FileKind, isClassifier, isExtension } from './coordinates.ts';
import { isBitbucketPackages } from '../../settings/bitbucket-packages.ts';
import { type Account, readPackagesAccount } from '../../settings/credential.ts';
import { readFilename } from '../../settings/filename.ts';
import { readServerUrl } from '../../settings/server-url.ts';
import type { ArrayValue, Environment } from '../../toolkit/environment.ts';
import type { Problems } from '../../toolkit/problems.ts';
import { requiredField } from '../../toolkit/variable-table.ts';

/** A file of `--attach`. */
export interface Attachment {
  readonly kind: FileKind;
  /** As given. */
  readonly path: string;
}

/** The settings for publishing an artifact to a Maven repository. */
export interface MavenSettings extends CommonSettings {
  readonly type: 'maven';
  /** The base URL of the repository; ends with a slash. */
  readonly registry: URL;
  /** Undefined for an anonymous upload. */
  readonly account: Account | undefined;
  readonly patterns: ArrayValue;
  /** The paths as given. */
  readonly pom: string | undefined;
  readonly sources: string | undefined;
  readonly javadoc: string | undefined;
  readonly classifier: string | undefined;
  readonly attachments: readonly Attachment[];
}

/** The settings; undefined if a required one is missing or not valid, which is then added to the problems. */
export function readMavenSettings(
  env: Environment,
  values: Values,
  given: GivenOptions,
  problems: Problems,
): MavenSettings | undefined {
  const patterns = readFilename(env, values, { isRequired: true }, problems);
  const common = readCommonSettings(env, values, given, problems);
  const registry = readRegistry(env, values, given, problems);
  const options = {
    pom: given.value('--pom'),
    sources: given.value('--sources'),
    javadoc: given.value('--javadoc'),
    classifier: readClassifier(given, problems),
    attachments: readAttachments(given, problems),
  };
  // The registry decides which credentials are needed.
  if (registry === undefined) return undefined;
  const rules = { isBitbucket: isBitbucketPackages(registry), allowsBearer: true };
  const account = readPackagesAccount(env, values, rules, problems);
  return patterns === undefined ? undefined : { type: 'maven', ...common, ...options, account, registry, patterns };
}

function readRegistry(env: Environment, values: Values, given: GivenOptions, problems: Problems): URL | undefined {
  if (values.REGISTRY !== undefined) {
    const allowsPlainHttp = given.has('--plain-http');
    const example = 'https://packages.example/repository/releases/';
    return readServerUrl(
      values.REGISTRY,
      { variable: 'REGISTRY', example, path: 'with a slash', allowsPlainHttp },
      problems,
    );
  }
  problems.add(
    'REGISTRY',
    `${requiredField(env, 'REGISTRY')}: the URL of the Maven repository, as shown for distributionManagement on the page of the package`,
  );
  return undefined;
}

function readClassifier(given: GivenOptions, problems: Problems): string | undefined {
  const classifier = given.value('--classifier');
  if (classifier === undefined) return undefined;
  if (!isClassifier(classifier)) {
    problems.add(
      'EXTRA_ARGS',
      `option --classifier needs a name of letters, digits, "_", "-", "+" and ".", not ${JSON.stringify(classifier)}`,
    );
  }
  if ((classifier === 'sources' || classifier === 'javadoc') && given.has(`--${classifier}`))
    problems.add(
      'EXTRA_ARGS',
      `options --classifier ${classifier} and --${classifier} would publish two files under the same name`,
    );
  return classifier;
}

/** `[CLASSIFIER:]EXT=FILE`. */
function readAttachments(given: GivenOptions, problems: Problems): readonly Attachment[] {
  const attachments: Attachment[] = [];
  for (const value of given.values('--attach')) {
    const [, classifier, extension = '', path = ''] = /^(?:([^:=]*):)?([^:=]+)=(.+)$/s.exec(value) ?? [];
    const isValid =
      path.trim() !== '' && isExtension(extension) && (classifier === undefined || isClassifier(classifier));
    if (!isValid) {
      problems.add(
        'EXTRA_ARGS',
        `option --attach needs [CLASSIFIER:]EXT=FILE, such as sources:jar=FILE or jar.asc=FILE, not ${JSON.stringify(value)}`,
      );
    } else if (isChecksumExtension(extension)) {
      problems.add('EXTRA_ARGS', `option --attach ${value}: checksums of all files are published anyway`);
    } else attachments.push({ kind: { classifier, extension }, path });
  }
  return attachments;
}
