import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, it } from '@jest/globals';
import { tar, tarEntry } from '../archive/tar/tar-writer.ts';
import { packageTarball } from '../destinations/npm/tarballs.ts';
import { jar, plainJar, pomText } from '../destinations/maven/artifacts.ts';
import {
  blob,
  config,
  descriptor,
  index,
  json,
  layer,
  layout,
  legacyEntries,
  manifest,
  ociTypes,
  writeFiles,
} from '../oci/fixtures.ts';
import { filled, useHostile } from './hostile.ts';

const MB = 1e6;
const fixture = useHostile();

async function write(name: string, content: Buffer | string): Promise<void> {
  await writeFile(join(fixture.directory, name), content);
}

describe('Maven', () => {
  const env = { TYPE: 'maven', REGISTRY: 'http://127.0.0.1:9/', FILENAME: 'app.jar' };
  const dryRun = { ...env, EXTRA_ARGS: "['--dry-run']" };
  const withPom = { ...env, EXTRA_ARGS: "['--dry-run', '--pom', 'pom.xml']" };

  it.each([
    ['970,000 elements', '<a/>', 3.9 * MB, 1, /it has more than 100000 tags/],
    ['as many elements as are read', '<a/>', 399_000, 0, /✔/],
    ['long text', 'text', 4 * MB, 0, /✔/],
    ['text and an emoji', 'text😀'.padEnd(4000, 'text'), 3.9 * MB, 0, /✔/],
  ])('a POM of %s', async (_, text, bytes, exitCode, output) => {
    await write('app.jar', plainJar());
    await write(
      'pom.xml',
      pomText({
        groupId: 'com.acme',
        artifactId: 'app',
        version: '1.0',
        more: text.repeat(bytes / Buffer.byteLength(text)),
      }),
    );
    await fixture.run(withPom, { exitCode, output });
  });

  const many = (path: (index: number) => string): Buffer =>
    jar(
      undefined,
      Array.from({ length: 60_000 }, (_, number) => ({ name: path(number), content: '', isStored: true })),
    );

  it('an archive of 60,000 members', async () => {
    await write(
      'app.jar',
      jar(
        undefined,
        Array.from({ length: 60_000 }, (_, number) => ({ name: `${number}.class`, content: '', isStored: true })),
      ),
    );
    await fixture.run(dryRun, { exitCode: 0, output: /✔/ });
  });

  it('an archive of 60,000 POMs', async () => {
    await write(
      'app.jar',
      many((number) => `META-INF/maven/com.acme/${number}/pom.xml`),
    );
    await fixture.run(dryRun, { exitCode: 1, output: /more than 50000 members/ });
  });
});

/** An archive's first members: many headers that set keywords for all members after them. */
const globals = Buffer.concat(
  Array.from({ length: 30 }, (_, header) => {
    const records = Array.from({ length: 45_000 }, (_, number) => `22 ${header}_${number}`.padEnd(20, '_') + '=\n');
    return tarEntry({ name: 'global', type: 'g', content: records.join('') });
  }),
);

describe('an npm package', () => {
  const env = { TYPE: 'npm', REGISTRY: 'http://127.0.0.1:9/', FILENAME: '*.tgz', EXTRA_ARGS: "['--dry-run']" };
  const app = { name: 'app', version: '1.0.0' };

  it('with headers for all members', async () => {
    await write(
      'app.tgz',
      gzipSync(Buffer.concat([globals, tar([{ name: 'package/package.json', content: json(app) }])]), { level: 1 }),
    );
    await fixture.run(env, { exitCode: 0, output: /✔/ });
  });

  it('with deep directories', async () => {
    const deep = Array.from({ length: 60 }, (_, number) => {
      const name = `package/${number}${'/a'.repeat(100_000)}`;
      const record = ` path=${name}\n`;
      const length = record.length + 6;
      return [
        { name: 'deep', type: 'x', content: `${length}${record}` },
        { name: 'deep', content: '' },
      ];
    }).flat();
    await write(
      'app.tgz',
      gzipSync(tar([{ name: 'package/package.json', content: json(app) }, ...deep]), { level: 1 }),
    );
    await fixture.run(env, { exitCode: 1, output: /a name of more than 4096 characters/ });
  });

  it('with many directories', async () => {
    const deep = Array.from({ length: 200 }, (_, number) => {
      const record = ` path=package/${number}${'/a'.repeat(2000)}\n`;
      return [
        { name: 'deep', type: 'x', content: `${record.length + 4}${record}` },
        { name: 'deep', content: '' },
      ];
    }).flat();
    await write(
      'app.tgz',
      gzipSync(tar([{ name: 'package/package.json', content: json(app) }, ...deep]), { level: 1 }),
    );
    await fixture.run(env, { exitCode: 1, output: /more files and directories than any package/ });
  });

  it.each([
    [
      'READMEs',
      packageTarball(
        app,
        Object.fromEntries(
          ['md', 'txt', 'html', 'rst'].map((extension) => [`README.${extension}`, 'é'.repeat(1.9 * MB)]),
        ),
      ),
      /README and AUTHORS files have/,
    ],
    ['a README', packageTarball(app, { 'README.md': 'é'.repeat(1.9 * MB) }), /✔/],
    [
      'a manifest',
      packageTarball(
        filled(4 * MB, '{"name":"app","version":"1.0.0","x":[', (number) => `{"${number.toString(36)}":[]}`, ']}'),
      ),
      /has more than \d+ values/,
    ],
  ])('with %s as long as possible', async (_, tarball, output) => {
    await write('app.tgz', tarball);
    await fixture.run(env, { exitCode: output.source === '✔' ? 0 : 1, output });
  });
});

describe('an image', () => {
  const env = {
    IMAGE: 'acme/app:1.0',
    REGISTRY: 'http://127.0.0.1:9',
    USERNAME: 'user',
    TOKEN: 'password',
    EXTRA_ARGS: "['--dry-run']",
  };
  const content = layer('app');

  it('in an archive with headers for all members', async () => {
    await write('image.tar', Buffer.concat([globals, tar(legacyEntries([content]))]));
    await fixture.run({ ...env, FILENAME: 'image.tar' }, { exitCode: 0, output: /✔/ });
  });

  it('in an archive that has one member 90,000 times', async () => {
    const copies = tarEntry({ name: 'twice', content: '' });
    await write(
      'image.tar',
      Buffer.concat([...Array.from({ length: 90_000 }, () => copies), tar(legacyEntries([content]))]),
    );
    await fixture.run({ ...env, FILENAME: 'image.tar' }, { exitCode: 0, output: /✔/ });
  });

  it('with many long documents', async () => {
    const images = Array.from({ length: 40 }, (_, number) => {
      const configBlob = blob(
        ociTypes.config,
        config([content], { architecture: `a${number}`, more: 'x'.repeat(2 * MB) }),
      );
      const layerBlob = blob(ociTypes.tar, content);
      return {
        blobs: [configBlob, layerBlob],
        manifest: manifest(configBlob, [layerBlob], { annotations: { more: 'y'.repeat(2 * MB) } }),
        architecture: `a${number}`,
      };
    });
    const top = index(
      images.map((image) =>
        descriptor(image.manifest, { platform: { os: 'linux', architecture: image.architecture } }),
      ),
    );
    const files = layout(index([descriptor(top)]), [
      top,
      ...images.flatMap((image) => [image.manifest, ...image.blobs]),
    ]);
    await writeFiles(join(fixture.directory, 'layout'), files);
    await fixture.run(
      { ...env, FILENAME: 'layout' },
      { exitCode: 1, output: /its manifests and configs have more than/ },
    );
  });

  it('with documents of many values', async () => {
    const configs = Array.from({ length: 4 }, (_, number) =>
      blob(
        ociTypes.config,
        Buffer.from(
          filled(
            1.3 * MB,
            `{"architecture":"a${number}","os":"linux","x":[`,
            (value) => `{"${value.toString(36)}":"${number}"}`,
            ']}',
          ),
        ),
      ),
    );
    const manifests = configs.map((each, number) =>
      blob(
        ociTypes.manifest,
        Buffer.from(
          filled(
            1.3 * MB,
            `{"schemaVersion":2,"config":${JSON.stringify(descriptor(each))},"layers":[],"x":[`,
            (value) => `{"${value.toString(36)}":"${number}"}`,
            ']}',
          ),
        ),
      ),
    );
    const top = index(
      manifests.map((each, number) => descriptor(each, { platform: { os: 'linux', architecture: `a${number}` } })),
    );
    await writeFiles(
      join(fixture.directory, 'layout'),
      layout(index([descriptor(top)]), [top, ...manifests, ...configs]),
    );
    await fixture.run(
      { ...env, FILENAME: 'layout' },
      { exitCode: 1, output: /its manifests and configs have more than/ },
    );
  });

  it('in a layout that lists as much as is read', async () => {
    const entry = descriptor(blob(ociTypes.manifest, Buffer.from('none')));
    const { bytes } = index(
      Array.from({ length: 22_000 }, (_, number) => ({ ...entry, annotations: { number: String(number) } })),
    );
    await writeFiles(join(fixture.directory, 'layout'), {
      'oci-layout': json({ imageLayoutVersion: '1.0.0' }),
      'index.json': bytes,
    });
    await fixture.run({ ...env, FILENAME: 'layout' }, { exitCode: 1, output: /is not in the directory/ });
  });
});
