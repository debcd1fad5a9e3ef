/** Text from files, variables and servers that tries to add lines, move the cursor, or pose as the verdict. */

import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { npmEnvironment, packageTarball, writePackage } from '../destinations/npm/tarballs.ts';
import { jar, pomText } from '../destinations/maven/artifacts.ts';
import { requestsOf, runOctopus, writeFiles as writeDirectory } from '../destinations/octopus/fixture.ts';
import {
  lib,
  metadataOf,
  sdist,
  sdistName,
  wheelMembers,
  wheelName,
  writeWheel,
} from '../destinations/pypi/packages.ts';
import { publish } from '../destinations/pypi/published.ts';
import {
  config,
  index,
  json,
  layer,
  layout,
  legacyEntries,
  manifest,
  blob,
  descriptor,
  ociTypes,
  writeFiles,
} from '../oci/fixtures.ts';
import { imageEnvironment } from '../oci/registry/images.ts';
import { tar } from '../archive/tar/tar-writer.ts';
import { zip } from '../archive/zip-writer.ts';
import { answer, close, listen, serve } from '../http/test-servers.ts';
import { arrayVariables, type Ended, useSandbox } from '../run-pipe.ts';
import { tokens } from '../sandbox/tokens.ts';

const fixture = useSandbox();

/** A line break of each kind, colours, a cursor that moves up, C1 bytes, and characters that reverse or hide text. */
const texts = [
  'a\n✔ Uploaded 1 file',
  'a\r✔ Uploaded',
  'a\u2028✔ Uploaded\u2029',
  '\u001B[1A\u001B[2K\u001B[32m✔ Uploaded\u001B[0m',
  '\u009B1A\u009B2K✔ Uploaded\u0085✔',
  '\u001B]0;title\u0007\u0090q\u009C',
  '\u202E\u200B✔ dedaolpU\u2069',
  '✔ Uploaded',
] as const;

const variables =
  `API_URL BITBUCKET_CLONE_DIR DEBUG DOCKER_HOST EXTRA_ARGS EXTRA_ARGS_COUNT FILENAME_COUNT HTTPS_PROXY IMAGE
  NODE_EXTRA_CA_CERTS NO_PROXY REGISTRY REPOSITORY TAGS TYPE USERNAME WORKSPACE`.split(/\s+/);
const octopusVariables = ['ID', 'VERSION', 'FORMAT', 'SOURCE_PATH', 'OUTPUT_PATH', 'REGISTRY', 'TOKEN'];
const octopusOptions = ['--id', '--package-version', '--space', '--service-account', '--include', '--exclude'];
const options = ['--output', '--name', '--keep', '--dist-tag', '--pom', '--platform', '--no-such-option', ''];
const account = { USERNAME: tokens.packagesUser, TOKEN: tokens.packagesToken };

// Each run is also checked by `runPipe`: its output is printable, and only the verdict looks like one.
function expectFailure({ exitCode, output }: Ended): void {
  expect({ exitCode, output }).toEqual({ exitCode: 1, output: expect.stringMatching(/^✖ /m) });
  expect(output).not.toContain('Unexpected error');
}

describe.each(texts)('%j', (text) => {
  it('as the name of a file, and as a pattern', async () => {
    const name = text.replaceAll('/', '');
    await writeFile(join(fixture.directory, name), 'content');
    await writeFile(join(fixture.directory, 'ok.txt'), 'content');
    await fixture.upload('*');
    for (const type of ['npm', 'maven', 'image', 'pypi', 'octopus'])
      expectFailure(
        await fixture.runPipe({
          TYPE: type,
          IMAGE: 'app',
          FILENAME: '*',
          REGISTRY: fixture.sandbox.npmUrl,
          ...account,
        }),
      );
    expectFailure(await fixture.runPipe(arrayVariables('FILENAME', ['no such file', text, `${text} `])));
  });

  it('as any variable', async () => {
    await writeFile(join(fixture.directory, 'ok.txt'), 'content');
    for (const name of variables) {
      await fixture.runPipe({ FILENAME: 'ok.txt', DEBUG: 'true', [name]: text });
      if (/^(?:TAGS|REGISTRY|DOCKER_HOST)$/.test(name))
        expectFailure(await fixture.runPipe({ TYPE: 'image', IMAGE: 'app', ...account, [name]: text }));
    }
    await writeFile(join(fixture.directory, 'a'), 'content');
    for (const name of octopusVariables)
      await runOctopus(fixture, { ID: 'app', VERSION: '1.0', SOURCE_PATH: '.', [name]: text });
  });

  it('as any option, and as its value', async () => {
    await writeFile(join(fixture.directory, 'ok.txt'), 'content');
    for (const option of options)
      for (const args of [
        [option, text],
        [option, text, `--${text}`],
      ])
        await fixture.runPipe({ FILENAME: 'ok.txt', ...arrayVariables('EXTRA_ARGS', args) });
    for (const option of octopusOptions)
      await runOctopus(fixture, { ID: 'app', VERSION: '1.0', SOURCE_PATH: '.' }, option, text);
  });

  it('as headers and reason of an answer', async () => {
    // In HTTP/1.1, a header may have any byte but CR, LF and NUL (RFC 9112, 5; RFC 9110, 5.5).
    const value = text.replaceAll(/[\r\n]/g, '');
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => {
        const head = `HTTP/1.1 400 ${value}\r\nx-request-id: ${value}\r\nlocation: ${value}\r\ncontent-type: ${value}`;
        socket.end(Buffer.from(`${head}\r\ncontent-length: 2\r\n\r\n{}`, 'latin1'));
      });
    });
    const origin = await listen(server);
    try {
      await writeFile(join(fixture.directory, 'ok.txt'), 'content');
      expectFailure(await fixture.runPipe({ FILENAME: 'ok.txt', API_URL: origin, DEBUG: 'true' }));
    } finally {
      await close(server);
    }
  });

  it('in any answer', async () => {
    const page = `<html><title>${text}</title>`;
    const bitbucket = { type: 'error', error: { message: text, fields: { [text]: [text] } } };
    const registry = { errors: [{ code: text, message: text, detail: { [text]: text } }] };
    const scopes = { error: { message: text, detail: { required: [text], granted: [text] } } };
    const listing = { [text]: text, values: [{ name: text, size: text }], next: text };
    const realm = encodeURI(text);
    const reactions = [
      answer(400, text, { 'content-type': 'text/plain' }),
      answer(400, page, { 'content-type': 'text/html' }),
      answer(400, JSON.stringify(bitbucket)),
      answer(403, JSON.stringify(registry)),
      answer(403, JSON.stringify(scopes)),
      answer(201, JSON.stringify({ error: text })),
      answer(200, JSON.stringify(listing)),
      answer(400, JSON.stringify({ ErrorMessage: text, Errors: [text], HelpText: text })),
      answer(401, '{}', { 'www-authenticate': `Bearer realm="${realm}",service="${realm}"` }),
    ];
    await writeFile(join(fixture.directory, 'ok.txt'), 'content');
    await writeFile(join(fixture.directory, 'app.tgz'), packageTarball({ name: 'app', version: '1.0.0' }));
    await writeFile(join(fixture.directory, 'app.jar'), jar());
    await writeFile(join(fixture.directory, 'app.tar'), tar(legacyEntries([layer('one')])));
    await writeFile(join(fixture.directory, 'app.1.0.0.zip'), 'content');
    await writeWheel(fixture);
    for (const reaction of reactions) {
      await using server = await serve(reaction);
      const target = { REGISTRY: server.origin, ...account, DEBUG: 'true' };
      const uploads = [
        { FILENAME: 'ok.txt', API_URL: server.origin, DEBUG: 'true' },
        { TYPE: 'npm', FILENAME: 'app.tgz', ...target },
        { TYPE: 'maven', FILENAME: 'app.jar', ...target },
        { TYPE: 'image', FILENAME: 'app.tar', IMAGE: 'acme/app', ...target },
        { TYPE: 'pypi', FILENAME: wheelName(lib), ...target },
        { TYPE: 'octopus', FILENAME: 'app.1.0.0.zip', BITBUCKET_BUILD_NUMBER: '42', ...target },
      ];
      const further: Readonly<Record<string, readonly (readonly string[])[]>> = {
        npm: [['--skip-existing'], ['--stage']],
        maven: [],
        octopus: [['--space', 'Team'], ['--overwrite']],
      };
      for (const env of uploads)
        for (const args of [[], ...(further['TYPE' in env ? env.TYPE : 'file'] ?? [['--skip-existing']])]) {
          const ended = await fixture.runPipe({ ...env, ...arrayVariables('EXTRA_ARGS', ['--retries', '0', ...args]) });
          // Indexes say nothing in particular of a file that they have stored.
          if (!('TYPE' in env && env.TYPE === 'pypi')) expectFailure(ended);
        }
    }
  });

  it('in what an npm registry says of a package', async () => {
    const version = { dist: { integrity: text, shasum: text, tarball: `http://host/${text}` }, deprecated: text };
    const known = { name: 'app', 'dist-tags': { latest: text }, versions: { '1.0.0': version, [text]: version } };
    await writeFile(join(fixture.directory, 'app.tgz'), packageTarball({ name: 'app', version: '1.0.0' }));
    await using server = await serve(answer(200, JSON.stringify(known)));
    const env = { ...npmEnvironment(fixture, ['app.tgz']), REGISTRY: `${server.origin}/` };
    expectFailure(await fixture.runPipe(env));
    await using empty = await serve(answer(404, '{}'), answer(201, '{}'), answer(200, JSON.stringify(known)));
    expectFailure(await fixture.runPipe({ ...env, REGISTRY: `${empty.origin}/` }));
  });

  it('in a package', async () => {
    const manifests = [
      { name: text, version: text },
      { name: 'app', version: '1.0.0', dependencies: { [text]: 'workspace:*', a: `link:${text}`, b: `link:${text}` } },
      { name: 'app', version: '1.0.0', publishConfig: { access: text, tag: text, registry: text } },
      { name: 'app', version: '1.0.0', bin: text, repository: text, license: text },
    ].map((each) => JSON.stringify(each));
    for (const document of [
      ...manifests,
      text,
      `{"a": ${text}}`,
      `{"name": "${text}"}`,
      `{"a":"${text}`,
      `[${text}]`,
    ]) {
      await writeFile(join(fixture.directory, 'app.tgz'), packageTarball(document));
      await fixture.runPipe(npmEnvironment(fixture, ['app.tgz']));
    }
    await writePackage(fixture, { name: 'lib', version: '1.0.0' }, { [text]: 'content', [`../${text}`]: 'content' });
    expectFailure(await fixture.runPipe(npmEnvironment(fixture, ['lib-1.0.0.tgz'])));
  });

  it('in what a Python index says of a project', async () => {
    const url = `http://host/${text}`;
    const file = { filename: wheelName(lib), url, hashes: { sha256: text } };
    const json = { 'content-type': 'application/vnd.pypi.simple.v1+json' };
    await writeWheel(fixture);
    for (const reaction of [
      answer(200, JSON.stringify({ meta: { 'api-version': '1.0' }, name: text, files: [file] }), json),
      answer(200, JSON.stringify({ meta: { 'api-version': text }, files: [file] }), json),
      answer(
        200,
        JSON.stringify({ meta: { 'api-version': '1.0' }, files: [{ ...file, filename: text, url: text }] }),
        json,
      ),
      answer(200, `<h1>Links for ${text}</h1><a href="${text}/${wheelName(lib)}#sha256=${text}">${text}</a>`),
    ]) {
      await using server = await serve(reaction);
      const env = { REGISTRY: server.origin, FILENAME: wheelName(lib), TYPE: 'pypi', ...account };
      await fixture.runPipe({ ...env, ...arrayVariables('EXTRA_ARGS', ['--retries', '0']) });
      expect(server.received.length).toBeGreaterThan(0);
    }
  });

  it('in a Python package', async () => {
    const headers = [`Summary: ${text}`, `Classifier: ${text}`, `${text}: x`, `Requires-Dist: ${text}`];
    const members = wheelMembers({ ...lib, headers, description: text }, { [text]: 'content' });
    const changed = (end: string, content: string): Buffer =>
      zip(members.map((each) => (each.name.endsWith(end) ? { ...each, content } : each)));
    await writeFile(join(fixture.directory, wheelName(lib)), zip(members));
    await publish(fixture, wheelName(lib));
    for (const content of [
      changed('WHEEL', `Wheel-Version: ${text}`),
      changed('RECORD', `${text},sha256=x,1\n${text},sha256=x,1`),
      changed('RECORD', `"${text}",${text},${text}`),
      zip([...members, { name: `${text}-1.0.dist-info/METADATA`, content: text }]),
      zip([...members, { name: `../${text}`, content: text }]),
    ]) {
      await writeFile(join(fixture.directory, wheelName(lib)), content);
      expectFailure(await publish(fixture, wheelName(lib)));
    }
    const metadata = metadataOf({ name: text, version: text, metadataVersion: text });
    for (const files of [{ 'PKG-INFO': text }, { 'PKG-INFO': metadata }, { [text]: 'x' }, { [`../../${text}`]: 'x' }]) {
      await writeFile(join(fixture.directory, sdistName(lib)), sdist(lib, files));
      await publish(fixture, sdistName(lib));
    }
  });

  it('in what an Octopus server says of spaces, packages and signatures', async () => {
    const resource = { Id: text, PackageId: text, Version: text, PackageSizeBytes: 1, Hash: text };
    const found = answer(200, JSON.stringify(resource));
    const missing = answer(404, JSON.stringify({ ErrorMessage: text }));
    const spaces = {
      Items: [
        { Id: text, Name: text },
        { Id: text, Name: 'Team' },
      ],
    };
    const signature = { Signature: text, BaseVersion: text };
    writeDirectory(fixture, { 'app.1.0.0.zip': Buffer.alloc(100_000) });
    for (const [reactions, args] of [
      [[found], []],
      [[missing, missing, found], []],
      [[missing, answer(200, JSON.stringify(signature)), found], ['--overwrite']],
      [
        [answer(200, JSON.stringify(spaces)), found],
        ['--space', 'Team'],
      ],
      [[answer(200, JSON.stringify(spaces))], ['--space', text]],
      [[answer(200, JSON.stringify({ Items: [{ Id: [text], Name: text }] }))], ['--space', 'Team']],
      [[answer(200, JSON.stringify({ token_endpoint: text }))], ['--service-account', text]],
      [
        [answer(200, JSON.stringify({ token_endpoint: '/' })), answer(200, JSON.stringify({ access_token: text }))],
        ['--service-account', text],
      ],
    ] as const) {
      const [first, ...others] = reactions;
      await using server = await serve(first, ...others);
      const env = { REGISTRY: server.origin, FILENAME: 'app.1.0.0.zip', BITBUCKET_STEP_OIDC_TOKEN: tokens.stepToken };
      expectFailure(await runOctopus(fixture, env, '--retries', '0', ...args));
    }
    expect(requestsOf(fixture)).toEqual([]);
  });

  it('in files that are packed', async () => {
    writeDirectory(fixture, { [`dist/${text.replaceAll('/', '')}`]: 'a', [`dist/a/${text.replaceAll('/', '')}`]: 'b' });
    for (const FORMAT of ['zip', 'nupkg', 'tar.gz'])
      await runOctopus(fixture, { ID: 'app', VERSION: '1.0', SOURCE_PATH: 'dist', FORMAT });
    const env = { ...arrayVariables('FILENAME', ['dist']), ...arrayVariables('EXTRA_ARGS', ['--pack', 'app.zip']) };
    await fixture.runPipe(env);
  });

  it('in a POM', async () => {
    const target = { TYPE: 'maven', REGISTRY: fixture.sandbox.mavenUrl, FILENAME: 'app.jar', ...account };
    const coordinates = { groupId: 'com.acme', artifactId: 'app', version: '1.0' };
    const poms = [
      ...['groupId', 'artifactId', 'version', 'packaging'].map((field) => pomText({ ...coordinates, [field]: text })),
      pomText({ ...coordinates, more: `<parent><version>${text}</version></parent>` }),
      `<project>${text}`,
      text,
      `<${text}/>`,
    ];
    for (const pom of poms) {
      await writeFile(join(fixture.directory, 'app.pom'), pom);
      await writeFile(join(fixture.directory, 'app.jar'), jar(undefined, [{ name: text, content: 'x' }]));
      await fixture.runPipe({ ...target, ...arrayVariables('EXTRA_ARGS', ['--pom', 'app.pom']) });
    }
  });

  it('in a Maven directory', async () => {
    const name = text.replaceAll('/', '');
    const version = 'staging/com/acme/app/1.0';
    writeDirectory(fixture, {
      [`${version}/app-1.0.pom`]: pomText({ groupId: 'com.acme', artifactId: 'app', version: '1.0' }),
      [`${version}/app-1.0-${name}.jar`]: 'x',
      [`${version}/${name}`]: 'x',
      [`staging/${name}/${name}/${name}-1.0.pom`]: text,
      'staging/com/acme/app/maven-metadata.xml': text,
      [`${version}/app-1.0.pom.sha1`]: text,
    });
    const target = { TYPE: 'maven', REGISTRY: fixture.sandbox.mavenUrl, ...account };
    expectFailure(await fixture.runPipe({ ...target, FILENAME: 'staging' }));
  });

  it('in an image', async () => {
    const configBlob = blob(ociTypes.config, config([layer('one')]));
    const image = manifest(configBlob, [blob(text, layer('one'))], { annotations: { [text]: text } });
    const described = { ...descriptor(image), mediaType: text, platform: { os: text, architecture: text } };
    const archives = [
      legacyEntries([layer('one')], undefined, [text]),
      [{ name: 'manifest.json', content: text }],
      [{ name: 'manifest.json', content: `[{"Config":"${text}","Layers":["${text}"]}]` }],
      [{ name: 'manifest.json', content: json([{ Config: text, RepoTags: [text], Layers: [text] }]) }],
      [{ name: text, content: 'x' }],
      [
        { name: `../${text}`, content: 'x' },
        { name: text, type: '2', linkName: text },
      ],
    ];
    for (const entries of archives) {
      await writeFile(join(fixture.directory, 'app.tar'), tar(entries));
      await fixture.runPipe({ ...imageEnvironment(fixture, 'app.tar'), DEBUG: 'true' });
    }
    await writeFiles(join(fixture.directory, 'layout'), layout(index([described]), [image, configBlob]));
    expectFailure(await fixture.runPipe({ ...imageEnvironment(fixture, 'layout'), DEBUG: 'true' }));
  });
});

it('writes results that are printable, and mean the same', async () => {
  const name = 'a\u202E\u2028✔ Uploaded\u200B.txt';
  await writeFile(join(fixture.directory, name), 'content');
  const { exitCode } = await fixture.upload('*', '--output', 'result.json');
  expect(exitCode).toBe(0);
  const text = await readFile(join(fixture.directory, 'result.json'), 'utf8');
  expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
  expect(JSON.parse(text)).toMatchObject({ items: [{ name }] });
});
