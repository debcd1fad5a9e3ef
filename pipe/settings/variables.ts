/** The table of variables and options: their names, types, defaults, and descriptions for the README. */

import type { OptionTable } from '../toolkit/option-table.ts';
import type { VariableTable } from '../toolkit/variable-table.ts';

export const types = ['file', 'image', 'npm', 'maven', 'pypi', 'octopus'] as const;
export type Type = (typeof types)[number];

/** What people call them. */
const typeSynonyms: Readonly<Record<string, Type>> = {
  download: 'file',
  downloads: 'file',
  generic: 'file',
  docker: 'image',
  'docker-image': 'image',
  container: 'image',
  oci: 'image',
  node: 'npm',
  npmjs: 'npm',
  mvn: 'maven',
  java: 'maven',
  jar: 'maven',
  python: 'pypi',
  wheel: 'pypi',
  pip: 'pypi',
  twine: 'pypi',
  octo: 'octopus',
  'octopus-deploy': 'octopus',
  octopusdeploy: 'octopus',
};

/** Bitbucket's container registry. */
export const bitbucketRegistry = 'crg.apkg.io';

/** Bitbucket's npm registry, without the workspace. */
export const bitbucketNpmRegistry = 'https://npm.apkg.io/';

/** Bitbucket's Python index, without the workspace. */
export const bitbucketPythonIndex = 'https://pypi.apkg.io/';

export const defaultApiUrl = 'https://api.bitbucket.org/2.0';

/** The defaults of options. */
export const defaults = { concurrency: 4, maxConcurrency: 16, retries: 5, timeoutSeconds: 120 } as const;

export const variables = {
  TOKEN: {
    kind: 'string',
    required: true,
    secret: true,
    dollar: 'ordinary in a password',
    // The names of atlassian/bitbucket-upload-file.
    aliases: ['BITBUCKET_ACCESS_TOKEN', 'ATLASSIAN_API_TOKEN'],
    usage:
      "Secured. Atlassian API token, or (for `file`) a repository, project or workspace access token. For packages (`image`, `npm`, `maven`, `pypi`), default: `$BITBUCKET_PACKAGES_TOKEN` if the registry is Bitbucket's; optional for other registries that accept anonymous uploads. For `octopus`, an API key of the Octopus server (`API-…`), unless `--service-account` is given.",
  },
  USERNAME: {
    kind: 'string',
    // A robot account of Harbor: robot$ci.
    dollar: 'ordinary after a letter',
    aliases: ['ATLASSIAN_ACCOUNT_EMAIL'],
    usage:
      "Atlassian account email that owns the API token. Leave out with an access token. For packages, default: `$BITBUCKET_PACKAGES_USERNAME` if the registry is Bitbucket's.",
  },
  FILENAME: {
    kind: 'array',
    required: true,
    // A class of Java: Outer$Inner.class.
    dollar: 'ordinary after a letter',
    usage:
      "Path or glob, or an array of them, relative to the working directory. For `image`: an image archive or layout; without it, the image of the Docker Engine at `$DOCKER_HOST`. For `npm`: tarballs made by `npm pack`. For `maven`: the artifact (jar, war, aar, zip, …) with its POM, or a directory in Maven's repository layout. For `pypi`: wheels and source distributions. For `octopus`: packages named `ID.VERSION.zip` and the like, or, with `ID`, what is packed into one.",
  },
  TYPE: {
    kind: 'string',
    allowed: types,
    synonyms: typeSynonyms,
    usage:
      "What to publish. `file`: files to the repository's Downloads. `image`: a container image to a registry. `npm`: packages to an npm registry. `maven`: artifacts to a Maven repository. `pypi`: packages to a Python index. `octopus`: packages to the built-in feed of an Octopus Deploy server. Default: `image` if `IMAGE` is set, `octopus` if `ID` is set, else `file`.",
  },
  IMAGE: {
    kind: 'array',
    usage:
      'Required for `image`. `name`, `name:tag`, or a full reference `host/workspace/name:tag`. Default tag: `latest`. An array publishes several images in one run: from the Docker Engine, from one archive that holds them all, or each from its own item of `FILENAME`.',
  },
  TAGS: {
    kind: 'array',
    usage: 'Further tags for the image: an array, or one string separated by spaces or commas.',
  },
  WORKSPACE: {
    kind: 'string',
    aliases: ['ACCOUNT'],
    fallbacks: ['BITBUCKET_WORKSPACE', 'BITBUCKET_REPO_OWNER'],
    usage: 'Workspace to publish to. Default: `$BITBUCKET_WORKSPACE`.',
  },
  REPOSITORY: {
    kind: 'string',
    fallbacks: ['BITBUCKET_REPO_SLUG'],
    usage: 'Repository to publish to. Default: `$BITBUCKET_REPO_SLUG`.',
  },
  REGISTRY: {
    kind: 'string',
    usage: `Registry host or URL for packages; required for \`maven\`, and for \`octopus\` unless it only packs. A scheme that you write is kept; a bare host gets https, a bare loopback host http. \`http://\` needs \`--plain-http\` unless the host is a loopback address. Default for \`image\`: \`${bitbucketRegistry}\`, for \`npm\`: \`${bitbucketNpmRegistry}<WORKSPACE>/\`, for \`pypi\`: \`${bitbucketPythonIndex}<WORKSPACE>\`, the address that files are uploaded to.`,
  },
  ID: {
    kind: 'string',
    usage: 'For `octopus`: pack what `SOURCE_PATH` or `FILENAME` names into one package with this ID. Also `--id`.',
  },
  VERSION: {
    kind: 'string',
    usage:
      'Required with `ID`: the version of the package, such as `1.0.0.42` or `1.0.0-rc.1`. Also `--package-version`.',
  },
  FORMAT: {
    kind: 'string',
    usage: 'The format of the package: `zip`, `nupkg`, `tar` or `tar.gz`, in any case. Default: `zip`.',
  },
  SOURCE_PATH: {
    kind: 'string',
    usage: 'The directory to pack, instead of `FILENAME`.',
  },
  OUTPUT_PATH: {
    kind: 'string',
    usage:
      'The directory to write the package to, which is created if need be. Required if nothing is sent, without `REGISTRY`.',
  },
  BITBUCKET_ACCESS_TOKEN: {
    kind: 'string',
    secret: true,
    dollar: 'ordinary in a password',
    usage:
      'Secured. For `octopus`: an access token with the scopes `repository` and `pipeline`, to read the commits of the build information. Otherwise the same as `TOKEN`.',
  },
  ATLASSIAN_ACCOUNT_EMAIL: {
    kind: 'string',
    dollar: 'ordinary after a letter',
    usage: 'For `octopus`: the email of the account that owns `ATLASSIAN_API_TOKEN`. Otherwise the same as `USERNAME`.',
  },
  ATLASSIAN_API_TOKEN: {
    kind: 'string',
    secret: true,
    dollar: 'ordinary in a password',
    usage:
      'Secured. For `octopus`: instead of `BITBUCKET_ACCESS_TOKEN`, an API token with the scopes `read:repository:bitbucket` and `read:pipeline:bitbucket`. Otherwise the same as `TOKEN`.',
  },
  API_URL: {
    kind: 'string',
    default: defaultApiUrl,
    usage: `Base URL of Bitbucket's REST API, for gateways and for trying the pipe out locally. Default: \`${defaultApiUrl}\`.`,
  },
  EXTRA_ARGS: {
    kind: 'array',
    dollar: 'ordinary after a letter',
    usage: 'Array of further options, see [Options](#markdown-header-options).',
  },
  DEBUG: {
    kind: 'boolean',
    default: 'false',
    usage: 'Show requests, responses, retries and timings. Never a secret. Default: `false`.',
  },
} as const satisfies VariableTable;

/**
 * The variables, as a run of this TYPE reads them. `TOKEN` of `octopus` is for the Octopus server: its other names are then
 * those of a token for Bitbucket, which has rows of its own.
 */
export function variablesOf(type: Type | undefined): VariablesOfRun {
  if (type !== 'octopus') return variables;
  return { ...variables, TOKEN: { ...variables.TOKEN, aliases: [] }, USERNAME: { ...variables.USERNAME, aliases: [] } };
}

type WithAliases<Row> = Omit<Row, 'aliases'> & { readonly aliases: readonly string[] };
type VariablesOfRun = Omit<typeof variables, 'TOKEN' | 'USERNAME'> & {
  readonly TOKEN: WithAliases<typeof variables.TOKEN>;
  readonly USERNAME: WithAliases<typeof variables.USERNAME>;
};

/** The variables of app passwords in `atlassian/bitbucket-upload-file`; Atlassian has switched app passwords off. */
export const appPasswordVariables = { username: 'BITBUCKET_USERNAME', password: 'BITBUCKET_APP_PASSWORD' } as const;

/** The pipeline's own credentials for Packages. */
export const packagesVariables = {
  username: 'BITBUCKET_PACKAGES_USERNAME',
  token: 'BITBUCKET_PACKAGES_TOKEN',
} as const;

/** The step's own token for other services, if the step asks for one with `oidc`. */
export const oidcTokenVariable = 'BITBUCKET_STEP_OIDC_TOKEN';

/** Variables whose values must never be printed, even if the pipe does not use them. */
export const secretVariables: readonly string[] = [
  'TOKEN',
  ...variables.TOKEN.aliases,
  appPasswordVariables.password,
  packagesVariables.token,
  oidcTokenVariable,
  'PIPELINES_JWT_TOKEN',
];

export const options = {
  '--name': {
    takes: 'value',
    placeholder: 'NAME',
    appliesTo: ['file'],
    usage: 'Upload the one matching file under this name.',
  },
  '--pack': {
    takes: 'value',
    placeholder: 'NAME',
    appliesTo: ['file'],
    usage:
      'Pack everything that `FILENAME` names, directories included, into one archive of this name, and upload that. The name ends with `.zip`, `.nupkg`, `.tar`, `.tar.gz` or `.tgz`.',
  },
  '--skip-existing': {
    takes: 'flag',
    appliesTo: ['file', 'npm', 'pypi', 'image'],
    usage:
      'Leave what is already there as it is, and succeed: downloads, image tags and Python packages of that name, and versions of npm packages, staged ones included. A package with other content gets a warning, and so does a download of another size.',
  },
  '--no-clobber': {
    takes: 'flag',
    appliesTo: ['file'],
    usage:
      'Fail, before anything is sent, if a download of that name exists with other content. Identical files are left as they are. Checksum files are not protected.',
  },
  '--keep': {
    takes: 'value',
    placeholder: 'N',
    appliesTo: ['file'],
    usage: 'After a successful upload, delete all but the newest N downloads that match `--keep-pattern`.',
  },
  '--keep-pattern': {
    takes: 'value',
    placeholder: 'GLOB',
    appliesTo: ['file'],
    usage:
      'The downloads that `--keep` may delete. One option without the other is an error, so that nothing else is ever deleted.',
  },
  '--checksums': {
    takes: 'optional',
    placeholder: 'each',
    appliesTo: ['file'],
    usage:
      'Also upload `SHA256SUMS`: the sums of the files of this run, merged with those of other downloads. With `--checksums=each`, upload a `NAME.sha256` for each file instead.',
  },
  '--verify': {
    takes: 'optional',
    placeholder: 'content',
    appliesTo: ['file'],
    usage:
      'Read the listing back and compare names and sizes. With `--verify=content`, read the files themselves back and compare their SHA-256; with `--skip-existing`, also of those that were there, where a difference is a warning.',
  },
  '--compression': {
    takes: 'value',
    placeholder: 'gzip|zstd|none',
    appliesTo: ['image'],
    usage:
      'How to compress layers that the source holds uncompressed; compressed layers stay as they are. Default: `gzip`.',
  },
  '--compression-level': {
    takes: 'value',
    placeholder: 'N|auto',
    appliesTo: ['image'],
    usage:
      'The level: 1 to 12 for gzip, 1 to 19 for zstd, or `auto`, which follows the speed of the upload, block by block. Default: fixed, so that the same layer has the same digest on every machine and over any line.',
  },
  '--format': {
    takes: 'value',
    placeholder: 'oci|docker',
    appliesTo: ['image'],
    usage:
      "Media types of the image's manifests. Default: OCI's, or those of the source if it has manifests; Docker's if the registry accepts no others.",
  },
  '--reuse': {
    takes: 'value',
    placeholder: '[REPOSITORY:]TAG',
    repeatable: true,
    appliesTo: ['image'],
    usage:
      'Published tag whose layers may be reused; repeatable. Default: the tags being pushed, and `latest`. A tag of another repository of the same registry is looked at in addition: its layers are mounted, not sent. With `none`, nothing is reused.',
  },
  '--platform': {
    takes: 'value',
    placeholder: 'OS/ARCH',
    appliesTo: ['image'],
    usage: 'Publish one platform of a multi-platform source.',
  },
  '--join': {
    takes: 'value',
    placeholder: 'TAG',
    repeatable: true,
    appliesTo: ['image'],
    usage:
      'Publish `IMAGE` as an index of these already pushed tags: images of one platform, or indexes, whose images and attestations are all taken over; repeatable.',
  },
  '--dist-tag': {
    takes: 'value',
    placeholder: 'TAG',
    appliesTo: ['npm'],
    usage: "The tag to point to the published version. Default: the package's own `publishConfig.tag`, else `latest`.",
  },
  '--access': {
    takes: 'value',
    placeholder: 'public|restricted',
    appliesTo: ['npm'],
    usage:
      "Who may read the package, on registries such as npmjs.com; `restricted` needs a scope. Default: the package's own `publishConfig.access`, else the registry decides.",
  },
  '--stage': {
    takes: 'flag',
    appliesTo: ['npm'],
    usage:
      'Stage the packages instead of publishing them: each is published once a person approves it with two-factor authentication (`npm stage approve ID`, npm 12 or newer). From January 2027, this is the only way to npmjs.com from Bitbucket.',
  },
  '--pom': {
    takes: 'value',
    placeholder: 'FILE',
    appliesTo: ['maven'],
    usage:
      "The artifact's POM. By default, the pipe looks in the jar's `META-INF/maven`, next to the artifact (its name with `.pom`), and for `pom.xml` in the working directory.",
  },
  '--classifier': {
    takes: 'value',
    placeholder: 'C',
    appliesTo: ['maven'],
    usage: 'Publish the artifact under this classifier.',
  },
  '--sources': {
    takes: 'value',
    placeholder: 'FILE',
    appliesTo: ['maven'],
    usage: 'Also publish this file as the artifact with the classifier `sources`.',
  },
  '--javadoc': {
    takes: 'value',
    placeholder: 'FILE',
    appliesTo: ['maven'],
    usage: 'Also publish this file as the artifact with the classifier `javadoc`.',
  },
  '--attach': {
    takes: 'value',
    placeholder: '[CLASSIFIER:]EXT=FILE',
    repeatable: true,
    appliesTo: ['maven'],
    usage:
      "Also publish this file with this extension, and under this classifier if one is given: a signature (`jar.asc=FILE`), tests (`tests:jar=FILE`), Gradle's `module=FILE`, an SBOM (`cyclonedx:json=FILE`); repeatable.",
  },
  '--id': {
    takes: 'value',
    placeholder: 'ID',
    appliesTo: ['octopus'],
    usage: 'The same as the variable `ID`.',
  },
  '--package-version': {
    takes: 'value',
    placeholder: 'V',
    appliesTo: ['octopus'],
    usage: 'The same as the variable `VERSION`.',
  },
  '--include': {
    takes: 'value',
    placeholder: 'GLOB',
    repeatable: true,
    appliesTo: ['octopus'],
    usage: 'Pack only what matches, in `SOURCE_PATH`; repeatable. Default: everything.',
  },
  '--exclude': {
    takes: 'value',
    placeholder: 'GLOB',
    repeatable: true,
    appliesTo: ['octopus'],
    usage: 'Leave out files and directories that match, in `SOURCE_PATH`; repeatable.',
  },
  '--overwrite': {
    takes: 'flag',
    appliesTo: ['octopus'],
    usage:
      'Replace a package that exists with other content, in `OUTPUT_PATH` and on the server. Default: fail. Identical packages are left as they are.',
  },
  '--space': {
    takes: 'value',
    placeholder: 'NAME',
    appliesTo: ['octopus'],
    usage: "The space to publish to. Default: the server's default space.",
  },
  '--service-account': {
    takes: 'value',
    placeholder: 'ID',
    appliesTo: ['octopus'],
    usage:
      'Sign in with OpenID Connect instead of `TOKEN`, as the service account with this ID. The step needs `oidc: {audiences: [ID]}`.',
  },
  '--no-build-information': {
    takes: 'flag',
    appliesTo: ['octopus'],
    usage: 'Do not send build information (build, branch, commit) along with the packages.',
  },
  '--plain-http': {
    takes: 'flag',
    appliesTo: ['image', 'npm', 'maven', 'pypi', 'octopus'],
    usage:
      'Allow plain http to a registry that is not on this machine. Anyone on the network can then read the credentials.',
  },
  '--concurrency': {
    takes: 'value',
    placeholder: 'N',
    appliesTo: types,
    usage: `Files, layers or packages to send at the same time, 1 to 64. Default: ${defaults.concurrency}; of small files, up to ${defaults.maxConcurrency} while the server answers quickly.`,
  },
  '--retries': {
    takes: 'value',
    placeholder: 'N',
    appliesTo: types,
    usage: `Retries after a transient failure, 0 to 20. Default: ${defaults.retries}.`,
  },
  '--timeout': {
    takes: 'value',
    placeholder: 'SECONDS',
    appliesTo: types,
    usage: `Fail after this long without progress, 1 to 86400. A transfer may take as long as it needs while bytes move; the server's answer to it has this long in all. Default: ${defaults.timeoutSeconds}.`,
  },
  '--dry-run': {
    takes: 'flag',
    appliesTo: types,
    usage: 'Validate, plan and print the plan; send nothing.',
  },
  '--output': {
    takes: 'value',
    placeholder: 'FILE',
    appliesTo: types,
    usage: 'Write the results to this file as JSON.',
  },
  '--no-report': {
    takes: 'flag',
    appliesTo: types,
    usage: 'Do not add a Code Insights report to the commit.',
  },
} as const satisfies OptionTable<Type>;

export type OptionName = keyof typeof options;
