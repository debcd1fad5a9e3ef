import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { appendFile, chmod, copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { beforeAll, describe, expect, it, jest } from '@jest/globals';
import { parse } from 'yaml';
import { stepsOf } from './pipeline-steps.ts';
import { type PublishedIndex, readIndex, tagsOf } from './published.ts';
import { absentRegistry, type Repository, productName, useReleaseFixture } from './release-fixture.ts';
import { type Finished, outputOf, runCommand } from './run-command.ts';
import { imagePath, repositoryPath } from '../own-names.ts';
import { type Sbom, sbomProblems } from '../cyclonedx.ts';
import { itIf } from '../skip-unless.ts';

// Only ends tests that hang: a release takes most of a minute, and several on a busy machine.
jest.setTimeout(900_000);

const fixture = useReleaseFixture();
let repository: Repository;
let firstVersion = '';
const published = new Map<string, PublishedIndex>();

beforeAll(async () => {
  repository = await fixture.createRepository('project');
}, 60_000);

const clonePath = (...path: readonly string[]): string => join(repository.clone, ...path);
const read = async (path: string): Promise<string> => await readFile(clonePath(path), 'utf8');

/** The script of the only step of that name in the clone's bitbucket-pipelines.yml. */
async function scriptOf(clone: string, pipeline: string, name: string): Promise<readonly string[]> {
  const steps = stepsOf(await readFile(join(clone, 'bitbucket-pipelines.yml'), 'utf8'), pipeline);
  const found = steps.filter((step) => step.name === name);
  expect({ name, found: found.length }).toEqual({ name, found: 1 });
  return found.flatMap(({ script }) => script);
}

const release = async (
  clone = repository.clone,
  env?: Readonly<Record<string, string>>,
): Promise<{ readonly exitCode: number; readonly output: string }> =>
  await fixture.runScript(clone, await scriptOf(clone, 'branches.main', 'Release'), env);

const change = (type: string, description: string): Record<string, string> => ({
  [`.changes/next-release/${type}-1.json`]: JSON.stringify({ type, description }),
});

/** X.Y.Z with one of its numbers incremented and the following ones set to 0. */
function increase(version: string, type: string): string {
  const [major = 0, minor = 0, patch = 0] = version.split('.').map(Number);
  if (type === 'major') return `${major + 1}.0.0`;
  return type === 'minor' ? `${major}.${minor + 1}.0` : `${major}.${minor}.${patch + 1}`;
}

/** Nothing of the release is left, neither in the clone nor on origin. */
async function expectNoRelease(version: string, head: string): Promise<void> {
  expect({
    head: await repository.git('rev-parse', 'HEAD'),
    status: await repository.git('status', '--porcelain'),
    localTags: (await repository.git('tag', '--list')).split('\n').filter((tag) => tag === version),
    origin: await repository.inOrigin('rev-parse', 'main'),
    tags: (await repository.inOrigin('tag', '--list')).split('\n').filter((tag) => tag === version),
  }).toEqual({ head, status: '', localTags: [], origin: head, tags: [] });
}

const downloads = async (): Promise<readonly string[]> =>
  (await fixture.sandbox.state()).downloads.map(({ name }) => name).toSorted();
const filesOf = (version: string): readonly string[] =>
  [
    'SHA256SUMS',
    'THIRD-PARTY-NOTICES.txt',
    'cdx.json',
    'image-amd64.cdx.json',
    'image-arm64.cdx.json',
    'image-digests.txt',
    'js',
  ].map((ending) => `${productName}-${version}.${ending}`);

/** @param place the clone that made the release, where its files are */
async function expectReleased(
  version: string,
  descriptions: readonly string[],
  place = repository.clone,
): Promise<void> {
  const commit = await repository.inOrigin('rev-parse', 'main');
  const start = await repository.inOrigin('rev-parse', 'main~1');
  expect(await repository.inOrigin('log', '-1', '--format=%s', 'main')).toBe(
    `Update files for new version '${version}' [skip ci]`,
  );
  expect(await repository.inOrigin('cat-file', '-t', version)).toBe('tag');
  expect(await repository.inOrigin('rev-parse', `${version}^{commit}`)).toBe(commit);
  expect(await repository.git('status', '--porcelain')).toBe('');

  const pipe = parse(await read('pipe.yml'));
  const { version: packageVersion } = JSON.parse(await read('package.json'));
  const lock = JSON.parse(await read('package-lock.json'));
  expect([pipe.image, packageVersion, lock.version, lock.packages[''].version]).toEqual([
    `${imagePath}:${version}`,
    version,
    version,
    version,
  ]);
  const readme = await read('README.md');
  for (const path of [repositoryPath, imagePath]) {
    const mentions = readme.match(new RegExp(`${path}:[\\w.-]+`, 'g')) ?? [];
    expect(mentions.length).toBeGreaterThan(1);
    expect(new Set(mentions)).toEqual(new Set([`${path}:${version}`]));
  }
  const changes = await repository.git('ls-files', '.changes');
  expect(changes.split('\n')).toContain(`.changes/${version}.json`);
  expect(changes).not.toContain('next-release');
  const [, section = ''] = (await read('CHANGELOG.md')).split(`\n## ${version} - `);
  for (const description of descriptions) expect(section.split('\n## ')[0]).toContain(description);

  const tags = await tagsOf(fixture.registry.host, imagePath);
  const ofCommit = `${version}-${commit.slice(0, 12)}`;
  expect(tags.filter((tag) => tag.startsWith(version))).toEqual(
    expect.arrayContaining([version, `${ofCommit}-amd64`, `${ofCommit}-arm64`]),
  );
  const index = await readIndex(fixture.registry.host, imagePath, version);
  published.set(version, index);
  expect(index.platforms.map(({ name }) => name)).toEqual(['linux/amd64', 'linux/arm64']);
  for (const { labels } of index.platforms) {
    expect(labels).toEqual({
      'org.opencontainers.image.title': productName,
      'org.opencontainers.image.description': expect.stringContaining('Bitbucket Pipe'),
      'org.opencontainers.image.licenses': 'Apache-2.0',
      'org.opencontainers.image.source': `https://bitbucket.org/${repositoryPath}`,
      'org.opencontainers.image.version': version,
      'org.opencontainers.image.revision': commit,
      'org.opencontainers.image.created': expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
      'org.opencontainers.image.base.name': 'docker.io/library/node:26-bookworm-slim',
    });
  }
  const ofRelease = async (name: string): Promise<string> => await readFile(join(place, 'release', name), 'utf8');
  const { items } = JSON.parse(await ofRelease('image.json'));
  expect(items[0]).toMatchObject({ digest: index.digest });
  const name = `${fixture.registry.host}/${imagePath}`;
  const platforms = index.platforms.map((each) => `${name}@${each.digest} ${each.name}\n`).join('');
  const digests = `${name}@${index.digest} all platforms\n${platforms}`;
  expect(await ofRelease(`${productName}-${version}.image-digests.txt`)).toBe(digests);
  const message = await repository.inOrigin('tag', '--list', '--format=%(contents)', version);
  expect(message).toContain(`\n\n${platforms}`);

  const state = await fixture.sandbox.state();
  expect(state.violations).toEqual([]);
  expect(await downloads()).toEqual(expect.arrayContaining([...filesOf(version)]));
  const sums = await ofRelease(`${productName}-${version}.SHA256SUMS`);
  const lines = sums.trimEnd().split('\n');
  expect(lines).toHaveLength(filesOf(version).length - 1);
  for (const line of lines) {
    const [sha256, name] = line.split('  ');
    expect(state.downloads.find((download) => download.name === name)?.sha256).toBe(sha256);
  }
  expect(message).toContain(lines.find((line) => line.endsWith('.js')));
  const sbom = JSON.parse(await ofRelease(`${productName}-${version}.cdx.json`));
  expect(sbom).toMatchObject({ bomFormat: 'CycloneDX', metadata: { component: { version } } });
  const components = sbom.components.map(({ name }: { name: string }) => name);
  expect(components).toEqual(expect.arrayContaining(['pino', 'undici', 'yaml']));
  expect(components).not.toEqual(expect.arrayContaining(['jest']));
  for (const architecture of ['amd64', 'arm64']) {
    const ofImage: Sbom = JSON.parse(await ofRelease(`${productName}-${version}.image-${architecture}.cdx.json`));
    expect(sbomProblems(ofImage)).toBe('No errors');
    expect(ofImage.metadata.component).toMatchObject({ type: 'container', version });
    const node = ofImage.components.filter(({ name }) => name === 'node');
    expect(node).toMatchObject([{ version: expect.stringMatching(/^26\.\d+\.\d+$/) }]);
    const libc = ofImage.components.filter(({ name }) => name === 'libc6');
    expect(libc).toMatchObject([{ purl: expect.stringContaining(`?arch=${architecture}&`) }]);
  }
  expect(start).not.toBe(commit);
}

/** Of the image for one architecture. */
async function platformTag(version: string, architecture: string): Promise<string> {
  const commit = await repository.inOrigin('rev-parse', `${version}^{commit}`);
  return `${version}-${commit.slice(0, 12)}-${architecture}`;
}

/** What `list-image-files.mjs` makes of an image's SBOM. */
async function filesOfImage(version: string, architecture: string): Promise<string> {
  const sbom = clonePath('release', `${productName}-${version}.image-${architecture}.cdx.json`);
  return `${await outputOf(process.execPath, [clonePath('ci-scripts/list-image-files.mjs'), sbom])}\n`;
}

interface CheckLine {
  /** Of the image. */
  readonly tag: string;
  /** The directory with the files that the line checks. */
  readonly downloaded: string;
  readonly check: () => Promise<Finished>;
}

/** The line of README.md that checks a release, with the Downloads and the registry of these tests. */
async function checkLine(version: string): Promise<CheckLine> {
  const line = /^sha256sum .*$/m.exec(await read('README.md'))?.[0] ?? '';
  const tag = `${fixture.registry.host}/${imagePath}:${version}`;
  expect(line).toContain(` ${imagePath}:${version} `);
  const downloaded = join(repository.clone, '..', 'downloaded');
  await mkdir(downloaded);
  for (const name of filesOf(version)) await copyFile(clonePath('release', name), join(downloaded, name));
  const command = line.replace(`${imagePath}:${version}`, tag);
  return {
    tag,
    downloaded,
    check: async () => await runCommand('bash', ['-c', command], { cwd: downloaded }),
  };
}

describe('no release is made', () => {
  it('without a change file, which succeeds with a message', async () => {
    await rm(clonePath('.changes', 'next-release'), { recursive: true, force: true });
    await repository.commit('Have nothing to release', { 'notes.txt': 'nothing' });
    const head = await repository.git('rev-parse', 'HEAD');
    const current = (await fixture.runScript(repository.clone, ['ci-scripts/next-version.sh'])).output;
    expect(current).toBe('');
    const { exitCode, output } = await release();
    expect({ exitCode, output }).toEqual({ exitCode: 0, output: expect.stringContaining('Nothing to release: there') });
    expect(await repository.inOrigin('rev-parse', 'main')).toBe(head);
    const before = await outputOf(join(fixture.tools, 'bin/semversioner'), ['current-version'], {
      cwd: repository.clone,
    });
    firstVersion = increase(before, 'minor');
    await repository.commit('Announce a change', change('minor', 'The first change of this test.'));
  });

  it('if semversioner fails, even with exit code 0', async () => {
    const head = await repository.git('rev-parse', 'HEAD');
    const fake = join(repository.clone, '.venv');
    await mkdir(join(fake, 'bin'), { recursive: true });
    const lines = ['#!/bin/sh', 'if [ "$1" = next-version ]; then echo 9.9.9; else echo "Error: disk full"; fi', ''];
    await writeFile(join(fake, 'bin/semversioner'), lines.join('\n'));
    await chmod(join(fake, 'bin/semversioner'), 0o755);
    const { exitCode, output } = await fixture.runScript(repository.clone, ['ci-scripts/release.sh'], {
      RELEASE_TOOLS: fake,
    });
    expect({ exitCode, output }).toEqual({
      exitCode: 1,
      output: expect.stringMatching(/✖ semversioner release failed: .* Its output: Error: disk full/),
    });
    await expectNoRelease('9.9.9', head);
  });

  it('if the tag of the version is already on origin', async () => {
    const head = await repository.git('rev-parse', 'HEAD');
    await repository.inOrigin('tag', firstVersion, 'main');
    const { exitCode, output } = await release();
    await repository.inOrigin('tag', '--delete', firstVersion);
    expect({ exitCode, output }).toEqual({
      exitCode: 1,
      output: expect.stringContaining(`✖ the tag ${firstVersion} is on origin already`),
    });
    await expectNoRelease(firstVersion, head);
  });

  it('from a working tree with changes, which stay untouched', async () => {
    await writeFile(clonePath('notes.txt'), 'in the middle of work');
    const { exitCode, output } = await release();
    expect({ exitCode, output }).toEqual({ exitCode: 1, output: expect.stringContaining('✖ the working tree has') });
    expect(await read('notes.txt')).toBe('in the middle of work');
    await repository.git('checkout', '--quiet', '--', 'notes.txt');
  });

  it('from a commit that main has moved on from, which succeeds because the newer commit releases it', async () => {
    const old = await repository.cloneAt('HEAD~1');
    const { exitCode, output } = await release(old);
    expect({ exitCode, output }).toEqual({ exitCode: 0, output: expect.stringContaining('main has newer commits') });
  });
});

describe('a release', () => {
  it('that cannot reach the registry after the build changes nothing', async () => {
    const head = await repository.git('rev-parse', 'HEAD');
    const { exitCode, output } = await release(repository.clone, { RELEASE_REGISTRY: absentRegistry });
    expect({ exitCode, output }).toEqual({ exitCode: 1, output: expect.stringContaining('run the release again') });
    expect(output).toContain('Building the image for arm64');
    expect(await downloads()).toEqual([]);
    await expectNoRelease(firstVersion, head);
  });

  it('whose push is refused changes nothing in git', async () => {
    const head = await repository.git('rev-parse', 'HEAD');
    const hook = join(repository.origin, 'hooks', 'pre-receive');
    await writeFile(hook, '#!/bin/sh\necho "main is closed today"\nexit 1\n');
    await chmod(hook, 0o755);
    const { exitCode, output } = await release();
    await rm(hook);
    expect({ exitCode, output }).toEqual({ exitCode: 1, output: expect.stringContaining('main is closed today') });
    await expectNoRelease(firstVersion, head);
    expect(await tagsOf(fixture.registry.host, imagePath)).not.toContain(firstVersion);
    expect(await downloads()).toEqual([]);
  });

  it('that is run again completes, and publishes an identical image', async () => {
    const before = await tagsOf(fixture.registry.host, imagePath);
    const { exitCode, output } = await release();
    expect({ exitCode, output }).toMatchObject({ exitCode: 0, output: expect.stringContaining('✔ Released') });
    await expectReleased(firstVersion, ['The first change of this test.']);
    // That of the version's commit is the same as in the first run.
    expect(await tagsOf(fixture.registry.host, imagePath)).toEqual([firstVersion, ...before]);
    expect(output).toContain('nothing to send');
  });

  it('that is run once more, on another machine, has nothing to do', async () => {
    const fresh = await repository.cloneAt('HEAD~1');
    const { exitCode, output } = await release(fresh);
    expect({ exitCode, output }).toEqual({
      exitCode: 0,
      output: expect.stringContaining(`${firstVersion} is already released`),
    });
  });

  it('is confirmed by the line in README.md, until something is changed', async () => {
    const { tag, downloaded, check } = await checkLine(firstVersion);
    await outputOf('docker', ['pull', '--quiet', tag]);
    expect(await check()).toEqual({
      exitCode: 0,
      output: expect.stringMatching(/^(?:.+: OK\n)+.+\.js: OK\n.+@sha256:[0-9a-f]{64} all platforms\n$/),
    });
    // One digest is that of another image.
    const digests = join(downloaded, `${productName}-${firstVersion}.image-digests.txt`);
    const content = await readFile(digests, 'utf8');
    await writeFile(digests, content.replace(/[0-9a-f]{64} all/, `${'0'.repeat(64)} all`));
    expect(await check()).toMatchObject({ exitCode: 1, output: expect.stringContaining('digests.txt: FAILED') });
    await writeFile(digests, content);
    await appendFile(join(downloaded, `${productName}-${firstVersion}.js`), '\n');
    expect(await check()).toMatchObject({ exitCode: 1, output: expect.stringContaining('.js: FAILED') });
    await outputOf('docker', ['image', 'rm', tag]);
  });

  it('of the next change that ends after its push to git is completed by the next run, on another machine', async () => {
    await repository.commit('Mend something', change('patch', 'The second change of this test.'));
    // As the step with the tests of the image leaves them. The files are the same in every version of the same sources.
    for (const architecture of ['amd64', 'arm64'])
      await writeFile(clonePath('dist', `tested-${architecture}.txt`), await filesOfImage(firstVersion, architecture));
    await fixture.sandbox.inject({ method: 'POST', times: 1, action: { kind: 'status', status: 403 } });
    const cut = await release();
    const second = increase(firstVersion, 'patch');
    expect(cut).toEqual({
      exitCode: 1,
      output: expect.stringContaining(`✖ ${second} is tagged, but not complete: run the release again.`),
    });
    expect(cut.output).toContain('The image for arm64 has the files that were tested.');
    const fresh = await repository.cloneAt('HEAD~1');
    await repository.inOrigin('tag', '--delete', second);
    const { exitCode, output } = await release(fresh);
    expect({ exitCode, output }).toMatchObject({ exitCode: 0, output: expect.stringContaining('✔ Completed') });
    expect(output).toContain(`${second} is not complete. Missing: the tag ${second}, the download `);
    expect(output).toContain(`Nothing to do: ${second} is already released`);
    await expectReleased(second, ['The second change of this test.'], fresh);
    // The unchanged layers are kept.
    const layers = [firstVersion, second].map((version) =>
      published.get(version)?.platforms.map((each) => each.diffIds[0]),
    );
    expect(layers[0]).toEqual(layers[1]);

    const shown = [
      await repository.inOrigin('log', '--graph', '--decorate', '--oneline', 'main'),
      await repository.inOrigin(
        'for-each-ref',
        'refs/tags',
        '--format=%(refname:short) %(objecttype) %(contents:subject)',
      ),
      await read('CHANGELOG.md'),
      ...(await tagsOf(fixture.registry.host, imagePath)),
      ...[...published].map(([version, { digest }]) => `${version}  ${digest}`),
      ...(await downloads()),
    ];
    process.stdout.write(`${shown.join('\n')}\n`);
  });

  it('has images with the same layers if they are built again in another clone without the build cache', async () => {
    const fresh = await repository.cloneAt('main');
    const tag = `${fixture.registry.host}/again:1`;
    // A new comment in the script that collects the files invalidates the build cache from that step on.
    await appendFile(join(fresh, 'ci-scripts/collect-runtime.sh'), `# ${randomUUID()}\n`);
    const words = ['build', '--quiet', '--force-rm', '--network=host', `--tag=${tag}`];
    await outputOf('docker', [...words, '.'], { cwd: fresh, env: { ...process.env, DOCKER_BUILDKIT: '0' } });
    const layers = JSON.parse(await outputOf('docker', ['image', 'inspect', '--format={{json .RootFS.Layers}}', tag]));
    expect(layers).toEqual(published.get(increase(firstVersion, 'patch'))?.platforms[0]?.diffIds);
  });

  const emulator = '/usr/bin/qemu-aarch64-static';
  itIf(existsSync(emulator), `${emulator} is not installed`)(
    'has an image for arm64 that starts on arm64',
    async () => {
      const tag = `${fixture.registry.host}/${imagePath}:${await platformTag(firstVersion, 'arm64')}`;
      const container = (await outputOf('docker', ['create', tag])).split('\n').at(-1) ?? '';
      const path = join(repository.clone, '..', 'arm64');
      await mkdir(path);
      await outputOf('bash', [
        '-c',
        'set -o pipefail; docker export "$0" | tar --extract --directory="$1"',
        container,
        path,
      ]);
      await outputOf('docker', ['rm', container]);
      const node = join(path, 'usr/local/bin/node');
      const { exitCode, output } = await runCommand(emulator, ['-L', path, node, join(path, 'dist/pipe.js')], {
        env: {},
      });
      expect({ exitCode, output }).toEqual({ exitCode: 1, output: expect.stringContaining('Validation errors') });
    },
  );
});

/** By hand: each takes two releases. */
const races = Number(process.env['RACES'] ?? 0);

describe('a fork under two names', () => {
  let fork: Repository;
  const names = ['workspace=otherpipes', 'repository=upload.pipe', 'account=other-on-hub', 'image_name=$repository'];
  const image = 'other-on-hub/upload.pipe';
  const source = 'https://bitbucket.org/otherpipes/upload.pipe';

  const releaseFork = async (description: string, files: Readonly<Record<string, string>>): Promise<string> => {
    await fork.commit(description, { ...files, ...change('patch', description) });
    const words = { cwd: fork.clone };
    const version = (await outputOf(join(fixture.tools, 'bin/semversioner'), ['next-version'], words)).trim();
    // The sandbox has the Downloads of only one repository.
    const { exitCode, output } = await release(fork.clone);
    expect({ exitCode, output }).toMatchObject({
      exitCode: 0,
      output: expect.stringContaining(`✔ Released ${version}: otherpipes/upload.pipe:${version}`),
    });
    return version;
  };

  it('writes them wherever they are needed', async () => {
    fork = await fixture.createRepository('fork');
    const version = await releaseFork('Make it ours', { 'ci-scripts/names.sh': `${names.join('\n')}\n` });
    const index = await readIndex(fixture.registry.host, image, version);
    expect(index.platforms.map(({ labels }) => labels['org.opencontainers.image.source'])).toEqual([source, source]);
    const [workspace = ''] = repositoryPath.split('/');
    const files = ['*.md', '*.yml', 'Dockerfile', 'package*.json', 'test/readme'];
    // The author stays, as the license requires.
    expect(await fork.git('grep', '--count', '--fixed-strings', workspace, '--', ...files)).toBe('README.md:1');
    expect(parse(await readFile(join(fork.clone, 'pipe.yml'), 'utf8'))).toMatchObject({
      image: `${image}:${version}`,
      repository: source,
      vendor: { name: 'otherpipes', website: 'https://bitbucket.org/otherpipes' },
      maintainer: { name: 'otherpipes', website: source },
    });
    const readme = await readFile(join(fork.clone, 'README.md'), 'utf8');
    expect(readme.match(/pipe: otherpipes\/upload\.pipe:/g)?.length).toBeGreaterThan(20);
    expect(readme).toContain(`docker://${image}:${version}`);
  });

  it('passes the tests that know its names', async () => {
    const files = ['test/contract', 'test/errands', 'test/pipelines', 'test/local-pipe'];
    const { exitCode, output } = await fixture.runScript(fork.clone, [
      `node ci-scripts/run.mjs jest ${files.join(' ')}`,
      'TEST_SUITE=bundle node ci-scripts/run.mjs jest test/bundle/readme-picture',
    ]);
    expect(exitCode === 0 ? '' : output).toBe('');
  });

  if (races > 0)
    it('is released once more', async () => {
      const version = await releaseFork('Mend ours', {});
      expect((await readIndex(fixture.registry.host, image, version)).platforms).toHaveLength(2);
    });
});

it('a development release pushes only an image', async () => {
  const origin = await repository.inOrigin('for-each-ref');
  const files = await downloads();
  await repository.git('checkout', '--quiet', '-B', 'feature');
  const script = await scriptOf(repository.clone, 'custom.development-release', 'Release for development');
  const { exitCode, output } = await fixture.runScript(repository.clone, script);
  const version = `${await repository.inOrigin('describe', '--abbrev=0', 'main')}.42-dev`;
  expect({ exitCode, output }).toMatchObject({ exitCode: 0, output: expect.stringContaining(`:${version}`) });
  const index = await readIndex(fixture.registry.host, imagePath, version);
  expect(index.platforms.map(({ labels }) => labels['org.opencontainers.image.version'])).toEqual([version, version]);
  expect(await repository.git('status', '--porcelain')).toBe('');
  expect([await repository.inOrigin('for-each-ref'), await downloads()]).toEqual([origin, files]);
});

if (races > 0) {
  it.each(Array.from({ length: races }, (_, index) => index))(
    'a release that a newer commit overtakes publishes nothing, number %d',
    async (index) => {
      const version = increase(await repository.inOrigin('describe', '--abbrev=0', 'main'), 'patch');
      await repository.commit('Change one thing', change('patch', 'One thing.'));
      const older = await repository.cloneAt('origin/main');
      const newer = await repository.cloneAt('origin/main');
      // It waits before its push to git until the newer commit is merged; in every other race, until that is released.
      const hook = join(older, '.git/hooks/pre-push');
      const [asked, answered] = ['asked', 'answered'].map((name) => join(older, '.git', name)) as [string, string];
      await writeFile(hook, `#!/bin/sh\ntouch ${asked}\nwhile [ ! -e ${answered} ]; do sleep 0.1; done\n`);
      await chmod(hook, 0o755);
      const overtaken = release(older);
      const hasEnded = overtaken.then(() => true);
      while (!existsSync(asked) && !(await Promise.race([hasEnded, delay(100, false)])));
      const description = 'Another thing.';
      await writeFile(
        join(newer, '.changes/next-release/patch-2.json'),
        JSON.stringify({ type: 'patch', description }),
      );
      await repository.git('-C', newer, 'add', '--all');
      await repository.git('-C', newer, 'commit', '--quiet', '--message=Change another thing');
      await repository.git('-C', newer, 'push', '--quiet', 'origin', 'HEAD:main');
      const releaseNewer = async (): Promise<void> =>
        expect(await release(newer)).toMatchObject({
          exitCode: 0,
          output: expect.stringContaining(`✔ Released ${version}`),
        });
      if (index % 2 === 0) await releaseNewer();
      await writeFile(answered, '');
      expect(await overtaken).toEqual({
        exitCode: 0,
        output: expect.stringContaining('Nothing released: main has got newer commits meanwhile'),
      });
      if (index % 2 === 1) await releaseNewer();
      await repository.git('pull', '--quiet', 'origin', 'main');
      await expectReleased(version, ['One thing.', description], newer);
    },
  );
}
