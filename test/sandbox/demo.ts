/** `npm run demo`: runs the pipe on real files against a Bitbucket on this machine. */

import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dockerArchive } from './demo-image.ts';
import { npmTarball } from './demo-package.ts';
import { jar } from '../destinations/maven/artifacts.ts';
import { startSandbox } from './sandbox.ts';

const root = join(import.meta.dirname, '..', '..');
const directory = await mkdtemp(join(tmpdir(), 'pipe-demo-'));
const sandbox = await startSandbox({
  registry: { packages: ['acme/app'] },
  npm: { packages: ['@acme/pipe', '@acme/docs'] },
});
const say = (text: string): void => void process.stdout.write(`${text}\n`);
const problems: string[] = [];

/** Runs the bundle as a user would, and shows its variables. */
async function runPipe(
  title: string,
  variables: Readonly<Record<string, string>>,
  expectedExitCode: number,
): Promise<void> {
  say(`\n# ${title}`);
  for (const [name, value] of Object.entries(variables)) say(`  ${name}: ${name === 'TOKEN' ? '********' : value}`);
  say('');
  const { PATH = '' } = process.env;
  const env = {
    PATH,
    API_URL: sandbox.apiUrl,
    WORKSPACE: 'acme',
    REPOSITORY: 'app',
    BITBUCKET_CLONE_DIR: directory,
    BITBUCKET_PIPE_STORAGE_DIR: directory,
    ...variables,
  };
  const child = spawn(process.execPath, [join(root, 'dist', 'pipe.js')], {
    cwd: root,
    env,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const exitCode = await new Promise((resolve) => {
    child.once('exit', resolve);
  });
  if (exitCode !== expectedExitCode)
    problems.push(`"${title}" ended with exit code ${String(exitCode)}, not ${expectedExitCode}`);
}

try {
  const { accessToken, apiToken, apiUser, expiredToken } = sandbox.tokens;
  await runPipe(
    'Files selected by globs, with checksums, read back and compared',
    {
      TOKEN: accessToken,
      FILENAME: "['dist/*.js', 'LICENSE.txt', 'pipe/*.ts']",
      EXTRA_ARGS: "['--checksums', '--verify=content']",
    },
    0,
  );
  sandbox.inject({ server: 'api', method: 'POST', action: { kind: 'reset', afterBytes: 300_000 } });
  sandbox.inject({
    server: 'api',
    method: 'POST',
    action: { kind: 'status', status: 503, headers: { 'Retry-After': '1' } },
  });
  await runPipe(
    'A broken connection, then a busy server: one file under another name, with an API token',
    {
      USERNAME: apiUser,
      TOKEN: apiToken,
      FILENAME: 'dist/pipe.js',
      EXTRA_ARGS: "['--name', 'nightly-2.js', '--keep', '1', '--keep-pattern', 'nightly-*.js']",
    },
    0,
  );
  await runPipe('An expired token', { TOKEN: expiredToken, FILENAME: 'LICENSE.txt' }, 1);
  await runPipe('Invalid variables', { TYPE: 'files', EXTRA_ARGS: '--keep=3' }, 1);

  const bundle = await readFile(join(root, 'dist', 'pipe.js'));
  const files = { 'pipe.js': bundle, 'LICENSE.txt': await readFile(join(root, 'LICENSE.txt')) };
  const image = { IMAGE: 'acme/app:1.0', FILENAME: join(directory, 'image.tar'), REGISTRY: sandbox.registryHost };
  const account = { USERNAME: apiUser, TOKEN: apiToken };
  await writeFile(image.FILENAME, dockerArchive('acme/app:1.0', files));
  await runPipe('A container image from an archive', { ...image, ...account, TAGS: 'latest' }, 0);
  await writeFile(
    image.FILENAME,
    dockerArchive('acme/app:1.1', { ...files, 'CHANGES.txt': Buffer.from('one layer more') }),
  );
  await runPipe(
    'The same image with one more layer, from a fresh machine',
    { ...image, ...account, IMAGE: 'acme/app:1.1' },
    0,
  );

  const version = '1.0.0';
  const readme = await readFile(join(root, 'README.md'));
  const packages = {
    '@acme/pipe': { 'pipe.js': bundle, 'README.md': readme },
    '@acme/docs': { 'README.md': readme },
  };
  for (const [name, content] of Object.entries(packages)) {
    const file = join(directory, `${name.replace('@acme/', '')}-${version}.tgz`);
    await writeFile(file, npmTarball({ name, version, license: 'Apache-2.0' }, content));
  }
  const npm = { TYPE: 'npm', FILENAME: join(directory, '*.tgz'), REGISTRY: sandbox.npmUrl };
  sandbox.inject({ server: 'npm', method: 'PUT', action: { kind: 'reset-after-store' } });
  await runPipe('Two npm packages: the connection breaks after one has been stored', { ...npm, ...account }, 0);
  await runPipe('The same packages again', { ...npm, ...account }, 0);
  const maven = { TYPE: 'maven', REGISTRY: sandbox.mavenUrl, FILENAME: join(directory, 'app.jar'), ...account };
  const coordinates = { groupId: 'com.acme', artifactId: 'app', version: '1.0' };
  const artifact = jar(coordinates);
  await writeFile(maven.FILENAME, artifact);
  // Only the build's own files can be published: here, those of the working directory.
  const ofBuild = { BITBUCKET_CLONE_DIR: directory };
  await runPipe('A Maven artifact with its embedded POM', { ...maven, ...ofBuild }, 0);
  await runPipe('The same artifact again', { ...maven, ...ofBuild }, 0);
  await writeFile(maven.FILENAME, jar({ ...coordinates, version: '1.1-SNAPSHOT' }));
  await runPipe('A SNAPSHOT of the next version', { ...maven, ...ofBuild }, 0);

  say('\n# Published to acme/app\n');
  for (const { name, size, sha256 } of sandbox.downloads.values())
    say(`  ${sha256.slice(0, 16)}…  ${String(size).padStart(9)}  ${name}`);
  const sent = createHash('sha256').update(bundle).digest('hex');
  for (const name of ['pipe.js', 'nightly-2.js']) {
    if (sandbox.downloads.get(name)?.sha256 !== sent) problems.push(`${name} is not what was sent`);
  }
  const repository = sandbox.registry.repositories.get('acme/app');
  for (const [tag, digest] of repository?.tags ?? []) {
    say(`  ${digest.slice(7, 23)}…  image acme/app:${tag}`);
    problems.push(...(await sandbox.registry.pullProblems('acme/app', tag)));
  }
  if (repository?.tags.size !== 3) problems.push('a tag is missing');
  const uploads = [...(repository?.blobs.values() ?? [])].map((blob) => blob.uploads);
  if (uploads.some((count) => count !== 1)) problems.push('a layer was sent twice');
  for (const name of Object.keys(packages)) {
    const published = sandbox.npm.packages.get(name)?.versions.get(version);
    say(
      `  ${published?.tarball.sha256.slice(0, 16)}…  ${String(published?.tarball.size).padStart(9)}  npm ${name}@${version}`,
    );
    problems.push(...(await sandbox.npm.installProblems(name, version)).map((problem) => `${name}: ${problem}`));
  }
  if (sandbox.requests.filter(({ server, method }) => server === 'npm' && method === 'PUT').length !== 2)
    problems.push('a package was sent twice');
  const mavenFiles = [...sandbox.maven.files].filter(([path]) => !/\.(?:md5|sha\d+)$/.test(path));
  for (const [path, { checksums, size }] of mavenFiles)
    say(`  ${checksums.sha256.slice(0, 16)}…  ${String(size).padStart(9)}  maven ${path}`);
  const landed = await sandbox.maven.files.get('com/acme/app/1.0/app-1.0.jar')?.content();
  if (landed?.equals(artifact) !== true) problems.push('app-1.0.jar is not what was sent');
  // An artifact and a POM each, metadata of the SNAPSHOT and of both; four checksums of each.
  if (mavenFiles.length !== 6 || sandbox.maven.files.size !== 30) problems.push('a Maven file is missing');
  if (!sandbox.downloads.has('SHA256SUMS')) problems.push('SHA256SUMS is missing');
  problems.push(...sandbox.violations);
} finally {
  await sandbox.close();
  await rm(directory, { recursive: true });
}
say(problems.length === 0 ? '\nEverything was published as expected.' : `\nNot as expected:\n${problems.join('\n')}`);
process.exitCode = problems.length === 0 ? 0 : 1;
