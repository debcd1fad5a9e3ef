import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { findLeaks } from '../leaks.ts';
import { cloneDirectory } from '../local-pipe/docker-run.ts';
import { outputOf, runCommand } from '../release/run-command.ts';
import { jar } from '../destinations/maven/artifacts.ts';
import { deployed, inDirectory, modules } from '../destinations/maven/staged.ts';
import { sdist, wheel } from '../destinations/pypi/packages.ts';
import { dockerArchive } from '../sandbox/demo-image.ts';
import { npmTarball } from '../sandbox/demo-package.ts';
import type { NpmOptions } from '../sandbox/npm-options.ts';
import { type Sandbox, startSandbox } from '../sandbox/sandbox.ts';
import { readExamples } from './readme-examples.ts';
import { docker, image } from './run-pipe.ts';

const root = join(__dirname, '..', '..');
const examples = readExamples(readFileSync(join(root, 'README.md'), 'utf8'));

/** The environment in which a user runs an example, and what it publishes. */
interface Setting {
  /** Files in the clone. */
  readonly files?: readonly string[];
  /** Repository variables that the example names. */
  readonly secrets?: (sandbox: Sandbox) => Readonly<Record<string, string>>;
  /** Variables for all entries. Default: the sandbox's API_URL. */
  readonly variables?: (sandbox: Sandbox) => Readonly<Record<string, string>>;
  /** Further variables for each entry. */
  readonly entries?: Entries | ((sandbox: Sandbox) => Entries);
  /** The sandbox's repository. Default: `app`. */
  readonly repository?: string;
  /** Default: `basic`, as in Bitbucket. */
  readonly npm?: NpmOptions;
  readonly prepare?: (sandbox: Sandbox) => Promise<void>;
  /** Default for each: nothing. */
  readonly published: Partial<Published>;
  readonly check?: () => Promise<void>;
}

type Entries = readonly Readonly<Record<string, string>>[];

/** What the sandbox holds, in alphabetical order. */
interface Published {
  readonly downloads: readonly string[];
  /** Tags of the images `acme/${name}`, and of `acme/${name}-web` and the like as `web:1.0`. */
  readonly tags: readonly string[];
  /** Such as `@acme/lib@1.0.0`, and files of Python packages. */
  readonly packages: readonly string[];
  readonly staged: readonly string[];
  /** Paths of jars. */
  readonly artifacts: readonly string[];
  /** Packages for Octopus, in all spaces: `acme.web.1.0.0`. */
  readonly feed: readonly string[];
}

/** The image's name, in the sandbox and in the engine. */
const name = `readme-${randomBytes(4).toString('hex')}`;
let clone = '';

const accessToken = (sandbox: Sandbox): Record<string, string> => ({
  REPOSITORY_ACCESS_TOKEN: sandbox.tokens.accessToken,
});
const commitHash = '0123456789abcdef0123456789abcdef01234567';
/** The sandbox's registry instead of Bitbucket's, which accepts the pipeline's own account. */
const registry = ({ registryUrl }: Sandbox): Record<string, string> => ({
  REGISTRY: registryUrl,
  USERNAME: '$PACKAGES_USER',
  TOKEN: '$PACKAGES_TOKEN',
});
const packagesAccount = ({ tokens }: Sandbox): Record<string, string> => ({
  PACKAGES_USER: tokens.apiUser,
  PACKAGES_TOKEN: tokens.apiToken,
});

const settings: Readonly<Record<string, Setting>> = {
  'Files, to the Downloads of the same repository': {
    files: ['dist/a.zip', 'dist/b.zip', 'dist/c.txt'],
    secrets: accessToken,
    published: { downloads: ['a.zip', 'b.zip'] },
  },
  'A container image, an npm package and a Maven artifact': {
    secrets: packagesAccount,
    variables: () => ({ USERNAME: '$PACKAGES_USER', TOKEN: '$PACKAGES_TOKEN' }),
    entries: ({ registryUrl, npmUrl, mavenUrl }) => [
      { REGISTRY: registryUrl, IMAGE: `acme/${name}:1.0` },
      { REGISTRY: npmUrl },
      { REGISTRY: mavenUrl },
    ],
    prepare: async () => {
      await buildImage('1.0', 'scratch');
      await write('acme-lib-1.0.0.tgz', npmTarball({ name: '@acme/lib', version: '1.0.0' }, {}));
      await write('target/app-1.0.jar', jar());
    },
    published: { tags: ['1.0'], packages: ['@acme/lib@1.0.0'], artifacts: ['com/acme/app/1.0/app-1.0.jar'] },
  },
  "A directory, packed and published to Octopus Deploy with the build's information": {
    files: ['dist/index.html', 'dist/js/app.js'],
    secrets: ({ octopusUrl, tokens }) => ({ OCTOPUS_SERVER: octopusUrl, OCTOPUS_API_KEY: tokens.octopusKey }),
    variables: () => ({}),
    published: { feed: ['acme.web.1.0.0.17'] },
  },
  'Add the following snippet to the script section of your `bitbucket-pipelines': {
    files: ['app.zip'],
    secrets: accessToken,
    variables: ({ apiUrl }) => ({ API_URL: apiUrl, TOKEN: '$REPOSITORY_ACCESS_TOKEN', FILENAME: 'app.zip' }),
    published: { downloads: ['app.zip'] },
  },
  'A file': { files: ['build/app.zip'], secrets: accessToken, published: { downloads: ['app.zip'] } },
  'Several files, with an API token': {
    files: ['dist/a.zip', 'dist/b.tar.gz', 'dist/c.txt', 'docs/User Guide.pdf'],
    secrets: ({ tokens }) => ({ ATLASSIAN_EMAIL: tokens.apiUser, ATLASSIAN_API_TOKEN: tokens.apiToken }),
    published: { downloads: ['User Guide.pdf', 'a.zip', 'b.tar.gz'] },
  },
  'A nightly build under its own name, verified by reading it back; only the newest five are kept': {
    files: ['target/app.jar'],
    secrets: accessToken,
    prepare: async (sandbox) => {
      for (const day of [1, 2, 3, 4, 5, 6]) sandbox.put(`nightly-${day}.jar`, 'old', new Date(Date.UTC(2026, 0, day)));
    },
    published: { downloads: ['nightly-17.jar', ...[3, 4, 5, 6].map((day) => `nightly-${day}.jar`)] },
  },
  'Release files that must never be replaced, in another repository': {
    files: ['dist/a.tar.gz', 'dist/sub/b.tar.gz'],
    repository: 'releases',
    secrets: ({ tokens }) => ({ RELEASES_ACCESS_TOKEN: tokens.accessToken }),
    published: { downloads: ['SHA256SUMS', 'a.tar.gz', 'b.tar.gz'] },
  },
  'A link for a later step': {
    files: ['build/app.zip'],
    secrets: accessToken,
    published: { downloads: ['app.zip'] },
    check: async () => {
      const output = await readFile(join(clone, 'output-variables'), 'utf8');
      expect(output).toMatch(/^UPLOAD_URL=http.*\/acme\/app\/downloads\/app\.zip$/m);
    },
  },
  'An image built by the same step, under two tags': {
    secrets: packagesAccount,
    variables: (sandbox) => ({ ...registry(sandbox), IMAGE: `acme/${name}` }),
    prepare: async () => await buildImage('latest', 'scratch'),
    published: { tags: ['1.2.17', 'latest'] },
  },
  'The images of several services, in one run': {
    secrets: packagesAccount,
    variables: registry,
    entries: [{ IMAGE: `['acme/${name}:1.0', 'acme/${name}-web:1.0', 'acme/${name}-jobs:1.0']` }],
    prepare: async () => {
      for (const service of ['', '-web', '-jobs']) await buildImage('1.0', 'scratch', service);
    },
    published: { tags: ['1.0', 'jobs:1.0', 'jobs:latest', 'latest', 'web:1.0', 'web:latest'] },
  },
  'Many services on one base': {
    secrets: packagesAccount,
    variables: registry,
    entries: [
      { IMAGE: `acme/${name}:1` },
      { IMAGE: `acme/${name}-api:17`, EXTRA_ARGS: `['--reuse', 'acme/${name}:1']` },
      { IMAGE: `acme/${name}-web:17`, EXTRA_ARGS: `['--reuse', 'acme/${name}:1']` },
      { IMAGE: `['acme/${name}-api:latest', 'acme/${name}-web:latest']` },
    ],
    prepare: async () => {
      await buildImage('1', 'scratch');
      for (const service of ['-api', '-web']) await buildImage('17', `acme/${name}:1`, service);
    },
    published: { tags: ['1', 'api:17', 'api:latest', 'web:17', 'web:latest'] },
  },
  'An image, and a last step that deploys the digest which the first one pushed, whatever becomes of the tag': {
    files: ['deployment.yaml'],
    secrets: (sandbox) => ({ ...packagesAccount(sandbox), ...accessToken(sandbox) }),
    variables: (sandbox) => ({ ...registry(sandbox), API_URL: sandbox.apiUrl }),
    entries: [{ IMAGE: `acme/${name}:1.0` }, { TOKEN: '$REPOSITORY_ACCESS_TOKEN' }],
    prepare: async () => await buildImage('1.0', 'scratch'),
    published: { tags: ['1.0'], downloads: ['deployment.yaml'] },
    check: async () => {
      const output = await readFile(join(clone, 'output-variables'), 'utf8');
      expect(output).toMatch(new RegExp(`^IMAGE_PULL_REFERENCE=\\S+/acme/${name}@sha256:[0-9a-f]{64}$`, 'm'));
    },
  },
  'An image for two architectures, built in parallel steps and joined in a last one': {
    secrets: packagesAccount,
    variables: registry,
    entries: ['amd64', 'arm64', '1.0'].map((tag) => ({ IMAGE: `acme/${name}:${tag}` })),
    prepare: async () => {
      for (const architecture of ['amd64', 'arm64']) {
        const empty = await outputOf(join(root, 'ci-scripts/make-empty-image.sh'), [architecture]);
        await buildImage(architecture, empty.split('\n').at(-1) ?? '');
      }
    },
    published: { tags: ['1.0', 'amd64', 'arm64'] },
  },
  'An image archive to another registry, compressed with zstd': {
    secrets: ({ tokens }) => ({ REGISTRY_USER: tokens.apiUser, REGISTRY_PASSWORD: tokens.apiToken }),
    variables: ({ registryHost }) => ({ IMAGE: `${registryHost}/acme/${name}:1.0` }),
    prepare: async ({ registryHost }) => {
      const archive = dockerArchive(`${registryHost}/acme/${name}:1.0`, { 'app.txt': Buffer.from('app') });
      await write('build/image.tar', archive);
    },
    published: { tags: ['1.0'] },
  },
  "The packages of a monorepo to Bitbucket's npm registry, skipping those that are already published": {
    secrets: packagesAccount,
    variables: (sandbox) => ({ ...registry(sandbox), REGISTRY: sandbox.npmUrl }),
    prepare: async () => {
      for (const key of ['one', 'two'])
        await write(`dist/${key}-1.0.0.tgz`, npmTarball({ name: `@acme/${key}`, version: '1.0.0' }, {}));
    },
    published: { packages: ['@acme/one@1.0.0', '@acme/two@1.0.0'] },
  },
  'A prerelease, to npmjs': {
    npm: { authentication: 'bearer' },
    secrets: ({ tokens }) => ({ NPM_TOKEN: tokens.plainToken }),
    variables: ({ npmUrl }) => ({ REGISTRY: npmUrl }),
    prepare: async () => {
      await write('acme-lib-2.0.0-rc.1.tgz', npmTarball({ name: '@acme/lib', version: '2.0.0-rc.1' }, {}));
    },
    published: { packages: ['@acme/lib@2.0.0-rc.1'] },
  },
  'A package to npmjs': {
    npm: { authentication: 'bearer', stages: true },
    secrets: ({ tokens }) => ({ NPM_TOKEN: tokens.plainToken }),
    variables: ({ npmUrl }) => ({ REGISTRY: npmUrl }),
    prepare: async () => {
      await write('acme-lib-2.0.0.tgz', npmTarball({ name: '@acme/lib', version: '2.0.0' }, {}));
    },
    published: { staged: ['@acme/lib@2.0.0'] },
  },
  'A Maven artifact with its sources': {
    secrets: ({ tokens }) => ({ NEXUS_USER: tokens.apiUser, NEXUS_PASSWORD: tokens.apiToken }),
    variables: ({ mavenUrl }) => ({ REGISTRY: mavenUrl }),
    prepare: async () => {
      await write('target/app-1.0.jar', jar());
      await write('target/app-1.0-sources.jar', jar());
    },
    published: { artifacts: ['com/acme/app/1.0/app-1.0-sources.jar', 'com/acme/app/1.0/app-1.0.jar'] },
  },
  'A Maven or Gradle build of several modules': {
    secrets: ({ tokens }) => ({ NEXUS_USER: tokens.apiUser, NEXUS_PASSWORD: tokens.apiToken }),
    variables: ({ mavenUrl }) => ({ REGISTRY: mavenUrl }),
    prepare: async () => {
      for (const [path, content] of Object.entries(inDirectory('target', deployed))) await write(path, content);
    },
    published: {
      artifacts: Object.keys(modules)
        .filter((path) => path.endsWith('.jar'))
        .toSorted(),
    },
  },
  "A wheel and a source distribution to Bitbucket's Python index": {
    secrets: packagesAccount,
    variables: (sandbox) => ({ ...registry(sandbox), REGISTRY: sandbox.pypiUrl }),
    prepare: async () => {
      await write('dist/acme_lib-1.0.0-py3-none-any.whl', wheel());
      await write('dist/acme_lib-1.0.0.tar.gz', sdist());
    },
    published: { packages: ['acme_lib-1.0.0-py3-none-any.whl', 'acme_lib-1.0.0.tar.gz'] },
  },
  'A Python package, to PyPI': {
    secrets: ({ tokens }) => ({ PYPI_TOKEN: tokens.plainToken }),
    variables: ({ pypiUrl }) => ({ REGISTRY: pypiUrl }),
    prepare: async () => {
      await write('dist/acme_lib-1.0.0-py3-none-any.whl', wheel());
      await write('dist/acme_lib-1.0.0.tar.gz', sdist());
    },
    published: { packages: ['acme_lib-1.0.0-py3-none-any.whl', 'acme_lib-1.0.0.tar.gz'] },
  },
  "The ID of the service account is the audience of the step's token": {
    files: ['dist/index.html'],
    secrets: ({ tokens }) => ({ BITBUCKET_STEP_OIDC_TOKEN: tokens.stepToken }),
    variables: ({ octopusUrl }) => ({ REGISTRY: octopusUrl }),
    published: { feed: ['acme.web.1.0.0.17'] },
  },
  'A release in Octopus then lists the commits since the last successful pipeline, and the issues that their messages name':
    {
      files: ['dist/index.html'],
      secrets: ({ octopusUrl, tokens }) => ({
        OCTOPUS_SERVER: octopusUrl,
        OCTOPUS_API_KEY: tokens.octopusKey,
        REPOSITORY_ACCESS_TOKEN: tokens.accessToken,
        BITBUCKET_BRANCH: 'main',
        BITBUCKET_COMMIT: commitHash,
      }),
      prepare: async ({ history }) => {
        history.commits.push({ hash: commitHash, message: 'ACME-1: a change' });
        await Promise.resolve();
      },
      published: { feed: ['acme.web.1.0.0.17'] },
    },
  "Change the pipe's name": {
    files: ['package.json', 'README.md'],
    secrets: ({ tokens }) => ({ BITBUCKET_ACCESS_TOKEN: tokens.accessToken }),
    published: { downloads: ['README.md', 'package.json'] },
  },
  "Only the pipe's name changes": {
    files: ['index.js'],
    // Of the step's own script.
    secrets: () => ({ VERSION: '1.0.0.17' }),
    variables: () => ({}),
    published: {},
    check: async () => expect((await readFile(join(clone, 'out/app.1.0.0.17.zip'))).length).toBeGreaterThan(0),
  },
};

function published({ downloads, registry: { repositories }, npm, maven, octopus, pypi }: Sandbox): Published {
  const versions = [...npm.packages].flatMap(([key, each]) => [...each.versions.keys()].map((one) => `${key}@${one}`));
  const files = [...pypi.projects.values()].flatMap((project) => [...project.keys()]);
  return {
    downloads: [...downloads.keys()].toSorted(),
    tags: ['', '-api', '-jobs', '-web']
      .flatMap((service) =>
        [...(repositories.get(`acme/${name}${service}`)?.tags.keys() ?? [])].map((tag) =>
          service === '' ? tag : `${service.slice(1)}:${tag}`,
        ),
      )
      .toSorted(),
    staged: [...npm.staged.values()].map(({ name: key, version }) => `${key}@${version}`).toSorted(),
    feed: [...octopus.spaces.values()].flatMap(({ packages }) => [...packages.keys()]),
    packages: [...versions, ...files].toSorted(),
    artifacts: [...maven.files.keys()].filter((path) => path.endsWith('.jar')).toSorted(),
  };
}

async function write(path: string, content: string | Buffer): Promise<void> {
  await mkdir(dirname(join(clone, path)), { recursive: true });
  await writeFile(join(clone, path), content);
}

async function buildImage(tag: string, base: string, service = ''): Promise<void> {
  await write('Dockerfile', `FROM ${base}\nCOPY app.txt /\n`);
  await write('app.txt', `built for ${tag}${service}`);
  const env = { ...process.env, DOCKER_BUILDKIT: '0' };
  await outputOf('docker', ['build', '--quiet', `--tag=acme/${name}${service}:${tag}`, '.'], { cwd: clone, env });
}

beforeEach(async () => {
  clone = await mkdtemp(join(tmpdir(), 'pipe-readme-'));
});
afterEach(async () => {
  await rm(clone, { recursive: true });
  const images = await docker('image', 'ls', '--format={{.Repository}}:{{.Tag}}', `acme/${name}*`);
  if (images !== '') await docker('image', 'rm', ...images.trim().split('\n'));
});

it('there is a setting for each example in README.md, and no others', () => {
  expect(examples.map(({ title }) => title)).toEqual(Object.keys(settings));
});

describe('example in README.md', () => {
  it.each(examples.map((example) => [example.title, example] as const))('%s', async (title, { yaml, entries }) => {
    const setting = settings[title] ?? { published: {} };
    const sandbox = await startSandbox({
      repository: setting.repository,
      registry: { packages: ['', '-api', '-jobs', '-web'].map((service) => `acme/${name}${service}`) },
      npm: setting.npm ?? {},
      octopus: { spaces: ['Default', 'Web'] },
    });
    try {
      for (const file of setting.files ?? []) await write(file, `content of ${file}`);
      await write('bitbucket-pipelines.yml', yaml);
      await setting.prepare?.(sandbox);
      const secrets = setting.secrets?.(sandbox) ?? {};
      const env = {
        // Without the variables of the step that runs this.
        ...Object.fromEntries(Object.entries(process.env).filter(([key]) => !key.startsWith('BITBUCKET_'))),
        ...secrets,
        CI: 'true',
        BITBUCKET_WORKSPACE: 'acme',
        BITBUCKET_REPO_SLUG: 'app',
        BITBUCKET_BUILD_NUMBER: '17',
        BITBUCKET_PIPELINES_VARIABLES_PATH: `${cloneDirectory}/output-variables`,
        INIT_CWD: clone,
      };
      const common = setting.variables?.(sandbox) ?? { API_URL: sandbox.apiUrl };
      const own = typeof setting.entries === 'function' ? setting.entries(sandbox) : setting.entries;
      for (const index of entries.keys()) {
        const variables = Object.entries({ ...common, ...own?.[index] });
        const { exitCode, output } = await runCommand(
          process.execPath,
          [
            join(root, 'test/local-pipe/main.ts'),
            'bitbucket-pipelines.yml',
            `--entry=${index + 1}`,
            `--image=${image}`,
            ...variables.map(([key, value]) => `--variable=${key}=${value}`),
          ],
          { cwd: clone, env },
        );
        const shown = stripVTControlCharacters(output);
        expect({ exitCode, shown }).toEqual({ exitCode: 0, shown: expect.stringContaining('✔ ') });
        for (const secret of Object.values(secrets).filter((value) => value.length > 40))
          expect(findLeaks(output, secret)).toEqual([]);
      }
      expect(sandbox.violations).toEqual([]);
      expect(published(sandbox)).toEqual({
        downloads: [],
        tags: [],
        packages: [],
        staged: [],
        artifacts: [],
        feed: [],
        ...setting.published,
      });
      await setting.check?.();
    } finally {
      await sandbox.close();
    }
  });
});
