/** What is said if FILENAME, or an option for a file, does not find what it names. */

import { dockerArchive } from '../sandbox/demo-image.ts';
import { jar, pomText } from '../destinations/maven/artifacts.ts';
import { sdist, wheel } from '../destinations/pypi/packages.ts';
import type { Variables } from '../run-bundle.ts';
import { type Case, items, type Place, useMessages } from './use-messages.ts';

const base = { WORKSPACE: 'acme', REPOSITORY: 'app', TOKEN: 'secret-of-the-sandbox', EXTRA_ARGS: '--dry-run' };

/** A build's output, and these variables. */
function built(env: Variables, prepare?: (place: Place) => Promise<void>): Case[1] {
  return async (place) => {
    for (const path of ['dist/app-1.0.zip', 'dist/notes.txt', 'README.md']) await place.write(path);
    await prepare?.(place);
    return env;
  };
}

function empty(env: Variables, prepare?: (place: Place) => Promise<void>): Case[1] {
  return async (place) => {
    await prepare?.(place);
    return env;
  };
}

const files = (...paths: readonly string[]): Variables => items('FILENAME', ...paths);
const image = { IMAGE: 'app:1.0', USERNAME: 'dev' };
const maven = { TYPE: 'maven', REGISTRY: 'https://packages.example/maven/', USERNAME: 'dev' };

const pypi = { TYPE: 'pypi', REGISTRY: 'https://packages.example/pypi/', USERNAME: 'dev' };

async function writeImage(place: Place): Promise<void> {
  await place.write('out/image.tar', dockerArchive('app:1.0', { data: Buffer.from('layer') }));
}

async function writeJar(place: Place): Promise<void> {
  await place.write('target/app-1.0.jar', jar({ groupId: 'com.acme', artifactId: 'app', version: '1.0' }, []));
}

useMessages('files', base, [
  ['nearest name', built({ FILENAME: 'dist/app-1.1.zip' })],
  ['nearest directory', built({ FILENAME: 'dits/app-1.0.zip' })],
  ['other case', built({ FILENAME: 'Dist/App-1.0.ZIP' })],
  ['same name elsewhere', built({ FILENAME: 'app-1.0.zip' })],
  ['same glob elsewhere', built({ FILENAME: '*.zip' })],
  ['other extension', built({ FILENAME: 'dist/*.jar' })],
  ['nothing like it', built({ FILENAME: 'reports/coverage.xml' })],
  ['reference after a letter', built({ FILENAME: 'dist/v$VERSION.zip' })],
  ['quotation marks', built({ FILENAME: '"dist/app-1.0.zip"' })],
  ['commas', built({ FILENAME: 'dist/app-1.0.zip,dist/notes.txt' })],
  ['commas and spaces', built({ FILENAME: 'dist/app.zip, dist/note.txt' })],
  ['Windows path', built({ FILENAME: 'dist\\app-1.0.zip' })],
  ['Windows drive', built({ FILENAME: 'C:\\build\\app.zip' })],
  ['empty directory', empty({ FILENAME: 'dist/*.zip' }, (place) => place.makeDirectory('dist'))],
  ['glob in a missing directory', built({ FILENAME: 'build/*.zip' })],
  ['nothing built', empty({ FILENAME: 'dist/*.zip' })],
  ['a directory', built({ FILENAME: 'dist' })],
  ['only directories', built({ FILENAME: 'd*' })],
  ['outside the clone', built({ FILENAME: '/tmp-of-another-container/app.zip' })],
  ['broken link', built({ FILENAME: 'latest.zip' }, (place) => place.link('latest.zip', 'dist/app-2.0.zip'))],
  ['one of two', built(files('dist/app-1.0.zip', 'dist/note.txt'))],
  ['excluded', built(files('dist/*.zip', '!dist/**'))],
  ['only exclusions', built(files('!dist/**'))],
  [
    'own output',
    built({ FILENAME: 'result.json', EXTRA_ARGS: '--output=result.json' }, (place) => place.write('result.json')),
  ],
  ['image archive missing', empty({ ...image, FILENAME: 'out/imgae.tar' }, writeImage)],
  ['image archive with a slash', empty({ ...image, FILENAME: 'out/image.tar/' }, writeImage)],
  ['image is not an archive', built({ ...image, FILENAME: 'README.md' })],
  [
    'image layout without blobs',
    empty({ ...image, ...files('lay', '!lay/blobs/**') }, async (place) => {
      await place.write('lay/oci-layout', '{"imageLayoutVersion":"1.0.0"}');
      await place.write('lay/index.json', '{"schemaVersion":2,"manifests":[]}');
      await place.write('lay/blobs/sha256/x');
    }),
  ],
  ['no Docker Engine', empty({ ...image, DOCKER_HOST: 'unix:///nowhere/docker.sock' })],
  ['artifact missing', empty({ ...maven, FILENAME: 'target/ap-1.0.jar' }, writeJar)],
  ['POM missing', built({ ...maven, FILENAME: 'dist/notes.txt' })],
  ['not a ZIP archive', built({ ...maven, FILENAME: 'dist/app-1.0.zip' })],
  [
    'POM option',
    empty({ ...maven, FILENAME: 'target/app-1.0.jar', EXTRA_ARGS: '--pom=pom.xlm' }, async (place) => {
      await writeJar(place);
      await place.write('pom.xml');
    }),
  ],
  [
    'sources option',
    empty(
      { ...maven, FILENAME: 'target/app-1.0.jar', EXTRA_ARGS: '--sources=target/app-source.jar' },
      async (place) => {
        await writeJar(place);
        await place.write('target/app-sources.jar');
      },
    ),
  ],
  ['artifacts without POMs', built({ ...maven, FILENAME: 'dist' })],
  [
    'wrong checksum of Maven',
    empty({ ...maven, FILENAME: 'target/staging' }, async (place) => {
      await place.write('target/staging/com/acme/app/1.0/app-1.0.pom', pomText());
      await place.write('target/staging/com/acme/app/1.0/app-1.0.pom.sha1', '0'.repeat(40));
    }),
  ],
  [
    'other coordinates',
    empty({ ...maven, FILENAME: 'target/staging/com', EXTRA_ARGS: '--pom=pom.xml' }, async (place) => {
      await place.write('target/staging/com/acme/app/1.0/app-1.0.pom', pomText());
    }),
  ],
  ['npm package missing', built({ TYPE: 'npm', FILENAME: '*.tgz', USERNAME: 'dev' })],
  ['npm package is a directory', built({ TYPE: 'npm', FILENAME: '.', USERNAME: 'dev' })],
  ['npm package is a file', built({ TYPE: 'npm', FILENAME: 'README.md', USERNAME: 'dev' })],
  ['python package missing', built({ ...pypi, FILENAME: 'dist/*.whl' })],
  ['python package is a file', built({ ...pypi, FILENAME: 'dist/*' })],
  [
    'python package renamed',
    empty({ ...pypi, FILENAME: 'dist/*' }, (place) =>
      place.write('dist/acme_app-1.1-py3-none-any.whl', wheel({ name: 'acme-app', version: '1.0' })),
    ),
  ],
  [
    'python metadata incomplete',
    empty({ ...pypi, FILENAME: 'dist/*' }, (place) =>
      place.write(
        'dist/acme_app-1.0.tar.gz',
        sdist({ name: 'acme-app', version: '1.0' }, { 'PKG-INFO': 'Name: acme-app\nVersion: 1.0\n' }),
      ),
    ),
  ],
  ['unwritable output', built({ FILENAME: 'README.md', EXTRA_ARGS: '--output=README.md/result.json' })],
]);
