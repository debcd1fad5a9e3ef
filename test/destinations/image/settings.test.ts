import { describe, expect, it } from '@jest/globals';
import type { ImageSettings } from '../../../pipe/destinations/image/settings.ts';
import type { ImageTarget } from '../../../pipe/destinations/image/targets.ts';
import { readSettings } from '../../../pipe/read-settings.ts';
import type { Environment } from '../../../pipe/toolkit/environment.ts';
import { ValidationError } from '../../../pipe/toolkit/problems.ts';

const apiToken = `ATATT3x${'k'.repeat(60)}`;
const inPipelines: Environment = {
  BITBUCKET_WORKSPACE: 'acme',
  BITBUCKET_REPO_SLUG: 'app',
  BITBUCKET_PACKAGES_USERNAME: 'pipeline',
  BITBUCKET_PACKAGES_TOKEN: `pkg-${'s'.repeat(40)}`,
  IMAGE: 'app',
};

/** With the fields of the first image. */
async function read(env: Environment = {}): Promise<ImageSettings & Partial<ImageTarget>> {
  const settings = await readSettings({ ...inPipelines, ...env });
  if (settings.type !== 'image') throw new Error(settings.type);
  return { ...settings, ...settings.targets[0] };
}

async function problems(env: Environment): Promise<string> {
  const error: unknown = await readSettings({ ...inPipelines, ...env }).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(ValidationError);
  return (error as ValidationError).message;
}

describe('an image that is not valid', () => {
  const noAccount = { BITBUCKET_PACKAGES_USERNAME: undefined, BITBUCKET_PACKAGES_TOKEN: undefined };

  it.each<[string, Environment, boolean]>([
    ["Bitbucket's registry", { IMAGE: 'app:-' }, true],
    ['two of them', { IMAGE: "['app:-', 'other']" }, true],
    ['another registry', { IMAGE: 'registry.example/app:-' }, false],
    ['REGISTRY', { IMAGE: 'app:-', REGISTRY: 'registry.example' }, false],
  ])('is reported with the lack of an account if it is for %s: %j %s', async (_, env, lacksAccount) => {
    const message = await problems({ ...noAccount, ...env });
    expect(message).toContain('IMAGE:');
    expect(message.includes('TOKEN:')).toBe(lacksAccount);
  });
});

describe('within Pipelines', () => {
  it("needs only IMAGE, and uses the step's own credentials for Packages", async () => {
    expect(await read()).toMatchObject({
      type: 'image',
      reference: { host: 'crg.apkg.io', repository: 'acme/app', tag: 'latest' },
      tags: ['latest'],
      reuseTags: ['latest'],
      account: { username: 'pipeline', password: inPipelines['BITBUCKET_PACKAGES_TOKEN'] },
      origin: { kind: 'engine', engine: { host: 'unix:///var/run/docker.sock' } },
      compression: 'gzip',
      compressionLevel: undefined,
    });
  });

  it('uses them for no other registry', async () => {
    expect((await read({ IMAGE: 'registry.example/team/app:1' })).account).toBeUndefined();
    expect((await read({ IMAGE: 'team/app', REGISTRY: 'http://localhost:5000/' })).account).toBeUndefined();
  });

  it("prefers the user's credentials", async () => {
    const { account } = await read({ USERNAME: 'me@acme.example', TOKEN: apiToken });
    expect(account).toEqual({
      tokenKind: 'api-token',
      scheme: 'Basic',
      username: 'me@acme.example',
      password: apiToken,
    });
  });
});

it.each<[string, Environment, Partial<ImageSettings & ImageTarget>]>([
  ['TYPE alone', { TYPE: 'image' }, { type: 'image' }],
  [
    'tags as one string',
    { IMAGE: 'app:1', TAGS: 'a, b c' },
    { tags: ['1', 'a', 'b', 'c'], reuseTags: ['1', 'a', 'b', 'c', 'latest'] },
  ],
  ['tags as an array, without duplicates', { IMAGE: 'app:1', TAGS: "['1', '1.0']" }, { tags: ['1', '1.0'] }],
  [
    'an archive',
    { FILENAME: 'build/app image.tar' },
    { origin: { kind: 'path', patterns: { form: 'string', value: 'build/app image.tar' } } },
  ],
  [
    'an engine on another host',
    { DOCKER_HOST: 'tcp://host.docker.internal:2375' },
    { origin: { kind: 'engine', engine: { host: 'tcp://host.docker.internal:2375' } } },
  ],
  [
    'tags to join',
    { EXTRA_ARGS: "['--join', 'amd64', '--join', 'arm64']" },
    { origin: { kind: 'join', tags: ['amd64', 'arm64'] } },
  ],
  ['tags to reuse', { EXTRA_ARGS: "['--reuse', 'main', '--reuse', 'v1']" }, { reuseTags: ['main', 'v1'] }],
  [
    'layers of other repositories, besides the own tags',
    { EXTRA_ARGS: "['--reuse', 'base:1', '--reuse', 'crg.apkg.io/other/node:22']" },
    {
      reuseTags: ['latest'],
      sources: [
        { repository: 'acme/base', tag: '1' },
        { repository: 'other/node', tag: '22' },
      ],
    },
  ],
  [
    'layers of the same repository by its full name',
    { EXTRA_ARGS: "['--reuse', 'app:main']" },
    { reuseTags: ['main'], sources: [] },
  ],
  ["Docker's types", { EXTRA_ARGS: "['--format', 'docker']" }, { format: 'docker' }],
  ['no reuse', { EXTRA_ARGS: "['--reuse', 'none']" }, { reuseTags: [] }],
  [
    'zstd at a level',
    { EXTRA_ARGS: "['--compression', 'zstd', '--compression-level', '19']" },
    { compression: 'zstd', compressionLevel: 19 },
  ],
  [
    'a level that follows the line',
    { EXTRA_ARGS: "['--compression-level', 'auto']" },
    { compression: 'gzip', compressionLevel: 'auto' },
  ],
  ['a platform', { EXTRA_ARGS: "['--platform', 'linux/arm/v7']" }, { platform: 'linux/arm/v7' }],
  ['a registry on this machine', { REGISTRY: 'localhost:5000' }, { registry: new URL('http://localhost:5000') }],
  [
    'a registry on this machine with TLS',
    { REGISTRY: 'https://localhost:5000' },
    { registry: new URL('https://localhost:5000') },
  ],
  [
    'a host in capitals in IMAGE',
    { IMAGE: 'LOCALHOST:5000/app', REGISTRY: 'localhost:5000' },
    { registry: new URL('http://localhost:5000') },
  ],
  ['a registry in capitals', { REGISTRY: 'HTTP://LOCALHOST:5000' }, { registry: new URL('http://localhost:5000') }],
  [
    'a scheme, even if another one is allowed',
    { REGISTRY: 'https://registry.lan:5000', EXTRA_ARGS: '--plain-http', USERNAME: 'u', TOKEN: 'p' },
    { registry: new URL('https://registry.lan:5000') },
  ],
  [
    'a registry on another host',
    { REGISTRY: 'registry.lan:5000', USERNAME: 'u', TOKEN: 'p' },
    { registry: new URL('https://registry.lan:5000') },
  ],
  [
    'a registry with plain http',
    { REGISTRY: 'registry.lan:5000', EXTRA_ARGS: '--plain-http' },
    { registry: new URL('http://registry.lan:5000') },
  ],
])('%s', async (_, env, expected) => {
  expect(await read(env)).toMatchObject(expected);
});

it.each<[string, Environment, string]>([
  ['no IMAGE', { TYPE: 'image', IMAGE: '' }, 'IMAGE:\n- required field'],
  ['an upper-case name', { IMAGE: 'App' }, 'is not a valid part of an image name'],
  ['a digest', { IMAGE: 'app@sha256:0' }, 'names a digest'],
  ['a bad tag', { TAGS: 'ok -no' }, 'TAGS:\n'],
  ['two registries', { IMAGE: 'registry.example/app', REGISTRY: 'localhost:5000' }, 'REGISTRY:\n'],
  ['a registry with a path', { REGISTRY: 'localhost:5000/team' }, 'REGISTRY:\n'],
  ['plain http to another host without --plain-http', { REGISTRY: 'http://registry.lan:5000' }, '--plain-http'],
  [
    'an access token for Packages',
    { TOKEN: `ATCTT3x${'k'.repeat(60)}` },
    'is an access token, which Packages do not accept',
  ],
  ['an app password for Packages', { TOKEN: `ATBB${'k'.repeat(30)}`, USERNAME: 'me' }, 'is an app password, and app'],
  ['a token in quotation marks', { TOKEN: `"${'k'.repeat(30)}"`, USERNAME: 'me' }, 'is wrapped in quotation marks'],
  ['an API token without its email', { TOKEN: apiToken }, 'USERNAME:\n'],
  ['no token at all', { BITBUCKET_PACKAGES_TOKEN: '' }, 'TOKEN:\n'],
  ['no workspace', { BITBUCKET_WORKSPACE: '' }, 'WORKSPACE:\n- required field'],
  ['an invalid workspace', { WORKSPACE: 'acme/app' }, 'WORKSPACE:\n'],
  ['a full reference without a workspace', { IMAGE: 'crg.apkg.io/app' }, "IMAGE:\n- 'lacks the workspace"],
  ['an invalid port', { IMAGE: 'registry.example:65536/team/app' }, "IMAGE:\n- 'is not a valid URL"],
  ['credentials in IMAGE', { IMAGE: `me:${'k'.repeat(30)}@registry.example/app` }, "IMAGE:\n- 'must not contain cred"],
  ['an unknown compression', { EXTRA_ARGS: "['--compression', 'xz']" }, 'must be gzip, zstd or none'],
  [
    'a level that gzip has not',
    { EXTRA_ARGS: "['--compression-level', '13']" },
    'option --compression-level must be auto or a whole number from 1 to 12 for gzip, not "13"',
  ],
  [
    'a level that zstd has not',
    { EXTRA_ARGS: "['--compression', 'zstd', '--compression-level', '0']" },
    'option --compression-level must be auto or a whole number from 1 to 19 for zstd, not "0"',
  ],
  ['a level in words', { EXTRA_ARGS: "['--compression-level', 'best']" }, 'must be auto or a whole number'],
  [
    'a level of no compression',
    { EXTRA_ARGS: "['--compression', 'none', '--compression-level', '5']" },
    'option --compression-level cannot be combined with --compression none',
  ],
  [
    'a level of no compression that is to follow the line',
    { EXTRA_ARGS: "['--compression', 'none', '--compression-level', 'auto']" },
    'option --compression-level cannot be combined with --compression none',
  ],
  ['an unknown format', { EXTRA_ARGS: "['--format', 'v2']" }, 'option --format must be oci or docker, not "v2"'],
  [
    'zstd for Docker',
    { EXTRA_ARGS: "['--format', 'docker', '--compression', 'zstd']" },
    'option --format docker cannot be combined with --compression zstd',
  ],
  [
    'an invalid platform',
    { EXTRA_ARGS: "['--platform', 'arm64']" },
    "EXTRA_ARGS:\n- 'option --platform: arm64 is not a valid platform: use OS/ARCH",
  ],
  ['an empty array', { FILENAME: '[]' }, 'FILENAME:\n- is an empty array. Name a file, or leave it out'],
  ['an archive and tags to join', { FILENAME: 'a.tar', EXTRA_ARGS: "['--join', 'x']" }, 'FILENAME:\n'],
  [
    'one platform of tags to join',
    { EXTRA_ARGS: "['--join', 'x', '--platform', 'linux/arm64']" },
    'option --platform cannot be combined with --join',
  ],
  ['reuse of none and of a tag', { EXTRA_ARGS: "['--reuse', 'none', '--reuse', 'x']" }, 'cannot be combined'],
  [
    'reuse from another registry',
    { EXTRA_ARGS: "['--reuse', 'docker.io/library/node:22']" },
    'is in another registry: only layers of crg.apkg.io can be reused',
  ],
  ['reuse of an invalid name', { EXTRA_ARGS: "['--reuse', 'Base:1']" }, 'is not a valid part of an image name'],
  ['no image in an array', { TYPE: 'image', IMAGE: '[]' }, "IMAGE:\n- 'is an empty array: name an image'"],
  ['an empty item', { IMAGE: "['app', '']" }, "IMAGE:\n- 'has an empty item: every item must name an image'"],
  [
    'images of two registries',
    { IMAGE: "['a.example/x/a', 'b.example/x/b']", USERNAME: 'u', TOKEN: 'p' },
    'IMAGE:\n- must name one registry, not both a.example and b.example',
  ],
  [
    'an invalid name among several',
    { IMAGE: "['one', 'Two']" },
    `IMAGE:\n- '"Two": "Two" is not a valid part of an image name`,
  ],
  [
    'fewer files than images',
    { IMAGE: "['a', 'b', 'c']", FILENAME: "['a.tar', 'b.tar']" },
    'FILENAME:\n- must name one file for each of the 3 images, in the order of IMAGE, or one archive',
  ],
  [
    'an exclusion instead of a file',
    { IMAGE: "['a', 'b']", FILENAME: "['*.tar', '!c.tar']" },
    'FILENAME:\n- must name one file for each of the 2 images',
  ],
  ['one name twice', { IMAGE: "['a', 'a:latest']" }, 'publishes several images as crg.apkg.io/acme/a:latest'],
  [
    'one further tag for two images of a repository',
    { IMAGE: "['a:amd64', 'a:arm64']", TAGS: 'v1' },
    'publishes several images as crg.apkg.io/acme/a:v1: give each',
  ],
  ['an option for files', { EXTRA_ARGS: '--checksums' }, 'option --checksums does not apply to TYPE image'],
])('refuses %s', async (_, env, expected) => {
  const message = await problems(env);
  expect(message).toContain(expected);
  expect(message).not.toContain('k'.repeat(20));
});

it('does not mention Bitbucket if REGISTRY is invalid', async () => {
  const env = { REGISTRY: 'https://:hunter22@registry.example', BITBUCKET_WORKSPACE: '', BITBUCKET_PACKAGES_TOKEN: '' };
  expect(await problems(env)).toBe(
    "Validation errors:\nREGISTRY:\n- 'must not contain credentials: set USERNAME and TOKEN instead'",
  );
});

describe('several images', () => {
  const namesOf = ({ targets }: ImageSettings): readonly string[] =>
    targets.map(({ reference }) => `${reference.repository}:${reference.tag}`);
  const originsOf = ({ targets }: ImageSettings): readonly unknown[] => targets.map(({ origin }) => origin);
  const two = { IMAGE_COUNT: '2', IMAGE_0: 'api:1', IMAGE_1: 'web:2', IMAGE: undefined };

  it('are read from an array, with the further tags for each', async () => {
    const settings = await read({ ...two, TAGS: 'stable' });
    expect(namesOf(settings)).toEqual(['acme/api:1', 'acme/web:2']);
    expect(settings.targets.map(({ tags }) => tags)).toEqual([
      ['1', 'stable'],
      ['2', 'stable'],
    ]);
    expect(originsOf(settings)).toEqual([
      expect.objectContaining({ kind: 'engine' }),
      expect.objectContaining({ kind: 'engine' }),
    ]);
  });

  it('come from a file each', async () => {
    expect(originsOf(await read({ ...two, FILENAME: "['a.tar', 'b.tar']" }))).toEqual([
      { kind: 'path', patterns: { form: 'items', items: ['a.tar'] } },
      { kind: 'path', patterns: { form: 'items', items: ['b.tar'] } },
    ]);
  });

  it('come from one archive that holds them all', async () => {
    const patterns = { form: 'string', value: 'all.tar' };
    expect(originsOf(await read({ ...two, FILENAME: 'all.tar' }))).toEqual([
      { kind: 'path', patterns },
      { kind: 'path', patterns },
    ]);
  });

  it('may be a single one, from the patterns of an array', async () => {
    const settings = await read({ IMAGE: "['app:1']", FILENAME: "['*.tar', '!old.tar']" });
    expect(namesOf(settings)).toEqual(['acme/app:1']);
    expect(originsOf(settings)).toEqual([{ kind: 'path', patterns: { form: 'items', items: ['*.tar', '!old.tar'] } }]);
  });
});
