/** `npm run demo`: runs the pipe against a Bitbucket on this machine. With `-- --keep-running`, that stays, to look at. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jar } from '../destinations/maven/artifacts.ts';
import { writeSdist, writeWheel } from '../destinations/pypi/packages.ts';
import { checkDemo, coordinates, release } from './demo-checks.ts';
import { dockerArchive } from './demo-image.ts';
import { npmTarball } from './demo-package.ts';
import { startSandbox } from './sandbox.ts';

const root = join(import.meta.dirname, '..', '..');
const directory = await mkdtemp(join(tmpdir(), 'pipe-demo-'));
const sandbox = await startSandbox({
  registry: { packages: ['acme/app'], authentication: 'basic' },
  npm: { packages: ['@acme/pipe', '@acme/docs'] },
});
const { accessToken, apiToken, apiUser, expiredToken, octopusKey } = sandbox.tokens;
const account = { USERNAME: apiUser, TOKEN: apiToken };
const problems: string[] = [];
const say = (text: string): void => void process.stdout.write(`${text}\n`);

type Variables = Readonly<Record<string, string>>;

/** Runs the bundle as a user would. @param shows how much of its output is shown; `result` leaves out the plan and the progress */
async function runPipe(
  title: string,
  given: Variables,
  expected = 0,
  shows: 'all' | 'result' | 'verdict' = 'all',
): Promise<void> {
  const shown = Object.entries(given).filter(([name]) => !['USERNAME', 'TOKEN'].includes(name));
  say(`${shows === 'verdict' ? '' : '\n'}# ${title}: ${shown.map(([name, value]) => `${name}=${value}`).join(' ')}`);
  const target = { API_URL: sandbox.apiUrl, WORKSPACE: 'acme', REPOSITORY: 'app', BITBUCKET_CLONE_DIR: directory };
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', join(root, 'dist', 'pipe.js')], {
    cwd: directory,
    env: { PATH: process.env['PATH'], ...target, ...given },
    stdio: ['ignore', shows === 'all' ? 'inherit' : 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (output += text));
  const [exitCode] = await once(child, 'close');
  const lines = output.trimEnd().split('\n');
  if (shows === 'result') say(lines.filter((line) => !line.includes('INFO: ')).join('\n'));
  if (shows === 'verdict') say(lines.find((line) => /[✔✖]/.test(line)) ?? '');
  if (exitCode !== expected) problems.push(`"${title}" ended with ${String(exitCode)}, not ${expected}`);
}

try {
  const bundle = await readFile(join(root, 'dist', 'pipe.js'));
  const licence = await readFile(join(root, 'LICENSE.txt'));
  await cp(join(root, 'dist', 'pipe.js'), join(directory, 'dist', 'pipe.js'));
  await writeFile(join(directory, 'LICENSE.txt'), licence);
  const layers = { 'pipe.js': bundle, 'LICENSE.txt': licence };
  const image = { IMAGE: 'acme/app:1.0', FILENAME: 'image.tar', REGISTRY: sandbox.registryHost, ...account };
  const npm = { TYPE: 'npm', FILENAME: '*.tgz', REGISTRY: sandbox.npmUrl, ...account };
  const maven = { TYPE: 'maven', FILENAME: 'app.jar', REGISTRY: sandbox.mavenUrl, ...account };
  const pypi = { TYPE: 'pypi', FILENAME: "['*.whl', '*.tar.gz']", REGISTRY: sandbox.pypiUrl, ...account };
  const octopus = {
    ID: 'Acme.Web',
    VERSION: '1.0.0.1',
    SOURCE_PATH: 'dist',
    REGISTRY: sandbox.octopusUrl,
    TOKEN: octopusKey,
  };
  for (const name of ['pipe', 'docs'])
    await writeFile(
      join(directory, `${name}.tgz`),
      npmTarball({ name: `@acme/${name}`, version: '1.0.0' }, { [`${name}.js`]: bundle }),
    );
  await writeFile(join(directory, 'app.jar'), jar(coordinates));
  await writeWheel({ directory }, release, { 'acme_app/pipe.js': bundle });
  await writeSdist({ directory }, release, { 'pipe.js': bundle });
  const writeImage = async (name: string, files: Readonly<Record<string, Buffer>>): Promise<void> =>
    await writeFile(join(directory, 'image.tar'), dockerArchive(name, files));

  const checked = { FILENAME: "['dist/*.js', 'LICENSE.txt']", EXTRA_ARGS: "['--checksums', '--verify=content']" };
  await runPipe('Files, read back and compared', { TOKEN: accessToken, ...checked });
  sandbox.inject({ server: 'api', method: 'POST', action: { kind: 'reset', afterBytes: 300_000 } });
  sandbox.inject({ server: 'api', method: 'POST', action: { kind: 'status', status: 503 } });
  const nightly = { FILENAME: 'dist/pipe.js', EXTRA_ARGS: '--name=nightly-2.js' };
  await runPipe('A broken connection, then a busy server', { ...account, ...nightly }, 0, 'result');
  await runPipe('An expired token', { TOKEN: expiredToken, FILENAME: 'LICENSE.txt' }, 1, 'result');
  await writeImage('acme/app:1.0', layers);
  await runPipe('An image from an archive', { ...image, TAGS: 'latest' });
  await writeImage('acme/app:1.1', { ...layers, 'CHANGES.txt': Buffer.from('one layer more') });
  await runPipe('The same image with one more layer', { ...image, IMAGE: 'acme/app:1.1' }, 0, 'result');
  sandbox.inject({ server: 'npm', method: 'PUT', action: { kind: 'reset-after-store' } });
  await runPipe('Two packages: the connection breaks after one is stored', npm, 0, 'result');
  await runPipe('A Maven artifact with the POM inside it', maven, 0, 'result');
  await runPipe('A Python wheel and its source distribution', pypi, 0, 'verdict');
  await runPipe('A directory, packed for Octopus', octopus, 0, 'result');
  say('');
  for (const again of [{ ...image, IMAGE: 'acme/app:1.1' }, npm, maven, octopus])
    await runPipe('Once more', again, 0, 'verdict');

  say('\n# Compared with what was to be published');
  for (const { what, problems: found } of await checkDemo(sandbox, bundle)) {
    say(`  ${found.length === 0 ? 'as expected' : `NOT as expected (${found.join(', ')})`}: ${what}`);
    problems.push(...found);
  }
  say(problems.length === 0 ? '\nEverything was published as expected.' : `\nNot as expected:\n${problems.join('\n')}`);
  if (process.argv.includes('--keep-running')) {
    say('\nThe sandbox keeps running until you press Ctrl+C. Look at what it has:');
    const pages = [
      `${sandbox.apiUrl}/repositories/acme/app/downloads`,
      `${sandbox.registryUrl}/v2/acme/app/manifests/1.1`,
      `${sandbox.npmUrl}@acme%2fpipe`,
      `${sandbox.mavenUrl}com/acme/app/maven-metadata.xml`,
      `${sandbox.pypiUrl}/simple/acme-app/`,
    ];
    for (const page of pages) say(`  curl --user ${apiUser}:${apiToken} ${page}`);
    // It comes twice: from the terminal, and from run.mjs.
    const stopped = Promise.withResolvers<void>();
    process.on('SIGINT', () => stopped.resolve());
    await stopped.promise;
  }
} finally {
  await sandbox.close();
  await rm(directory, { recursive: true });
}
process.exitCode = problems.length === 0 ? 0 : 1;
