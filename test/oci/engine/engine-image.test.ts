import { chmod, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from '@jest/globals';
import { InputError, PipeError } from '../../../pipe/errors.ts';
import { readEngineAddress } from '../../../pipe/oci/engine/address.ts';
import { type EngineImage, openEngineImage } from '../../../pipe/oci/engine/engine-image.ts';
import type { StreamedLayer } from '../../../pipe/oci/engine/export.ts';
import type { Choice } from '../../../pipe/oci/image.ts';
import { createSecrets } from '../../../pipe/toolkit/scrub.ts';
import { patience } from '../../patience.ts';
import { asNobody } from '../as-nobody.ts';
import { answer, type FakeEngine, type FakeEngineOptions, type Handler, send, startEngine } from './fake-engine.ts';
import {
  blob,
  config,
  descriptor,
  digestsOf,
  filesOf,
  hexOf,
  index,
  inputError,
  json,
  type Json,
  layer,
  layout,
  legacyEntries,
  manifest,
  ociTypes,
  platformImage,
  readAll,
  readLayers,
  sha256,
  useDirectory,
} from '../fixtures.ts';
import { tar, type TarEntry } from '../../archive/tar/tar-writer.ts';

const at = useDirectory();
const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((each) => each.close()));
});

const options = { timeoutMs: 20_000, scrub: createSecrets([]).scrub };
const layers = [layer('one', 700_000), layer('two'), layer('three', 5_000)];

function facts(contents: readonly Buffer[], configBytes: Buffer, more: Json = {}): Json {
  return {
    Id: sha256(configBytes),
    Os: 'linux',
    Architecture: 'amd64',
    RootFS: { Type: 'layers', Layers: digestsOf(contents) },
    ...more,
  };
}

async function engineWith(
  routes: Readonly<Record<string, Handler>>,
  more: FakeEngineOptions = {},
): Promise<FakeEngine> {
  const engine = await startEngine(routes, more);
  open.push(engine);
  return engine;
}

async function image(
  inspect: Json,
  archive: Handler,
  choice: Pick<Choice, 'platform'> = {},
  more: FakeEngineOptions = {},
): Promise<{ image: EngineImage; engine: FakeEngine }> {
  const engine = await engineWith(
    { '/images/app:latest/json': answer(inspect), '/images/app:latest/get': archive },
    more,
  );
  const found = await openEngineImage({ host: engine.host }, 'app', choice, options);
  open.push(found);
  return { image: found, engine };
}

/** Reads all layers in the order of the stream. */
async function readStreamed(
  exported: ReturnType<EngineImage['export']>,
): Promise<readonly (StreamedLayer & { content: Buffer })[]> {
  const read: (StreamedLayer & { content: Buffer })[] = [];
  for await (const each of exported.layers()) read.push({ ...each, content: await readAll(each.open()) });
  return read;
}

describe('Docker up to 24', () => {
  const sorted = [...legacyEntries(layers)].sort((a, b) => (a.name < b.name ? -1 : 1));

  it('is read in one pass', async () => {
    const { image: found, engine } = await image(facts(layers, config(layers)), send(tar(sorted)));
    expect(found).toMatchObject({
      description: `app:latest of the Docker Engine at ${engine.host}`,
      id: sha256(config(layers)),
      diffIds: digestsOf(layers),
      platform: { os: 'linux', architecture: 'amd64' },
    });
    expect(engine.requests).toEqual(['/_ping', '/v1.41/images/app:latest/json']);
    const exported = found.export();
    const streamed = await readStreamed(exported);
    // Nothing identifies these layers in advance: only their digests do.
    expect(streamed.map(({ diffId, digest, encoding }) => [diffId, digest, encoding])).toEqual(
      layers.map(() => [undefined, undefined, 'none']),
    );
    expect(new Set(streamed.map(({ content }) => sha256(content)))).toEqual(new Set(digestsOf(layers)));
    const whole = await exported.image();
    expect(whole).toMatchObject({
      description: found.description,
      notes: [],
      images: [{ config: { bytes: config(layers) } }],
    });
    for (const each of whole.images[0]?.layers ?? [])
      expect(sha256(streamed.find(({ name }) => name === each.name)?.content ?? '')).toBe(each.diffId);
    expect(engine.requests).toHaveLength(3);
  });

  it('exports again if a layer is opened twice', async () => {
    const { image: found, engine } = await image(facts(layers, config(layers)), send(tar(sorted)));
    const exported = found.export();
    const streamed: StreamedLayer[] = [];
    for await (const each of exported.layers()) {
      streamed.push(each);
      // Abandoned half-way, as if the connection to a registry broke.
      for await (const chunk of each.open()) {
        expect(chunk.length).toBeGreaterThan(0);
        break;
      }
      expect(digestsOf(layers)).toContain(sha256(await readAll(each.open())));
    }
    expect(await readLayers((await exported.image()).images[0])).toEqual(digestsOf(layers));
    expect(engine.requests.filter((request) => request.endsWith('/get'))).toHaveLength(1 + 3 + 3);
    await expect(readStreamed(exported)).rejects.toThrow('an export can be read only once');
  });

  it('fails if a layer differs in a second export', async () => {
    const identical = [layer('one', 2000), layer('two', 2000)];
    const swapped = legacyEntries(identical).map((entry): TarEntry => {
      const other = identical.find((content) => content !== entry.content);
      return entry.name.endsWith('/layer.tar') && other !== undefined ? { ...entry, content: other } : entry;
    });
    let exports = 0;
    const { image: found } = await image(facts(identical, config(identical)), (...exchange) =>
      send(tar(exports++ === 0 ? legacyEntries(identical) : swapped))(...exchange),
    );
    for await (const each of found.export().layers()) {
      await readAll(each.open());
      await expect(readAll(each.open())).rejects.toThrow('has different content in a second export');
    }
    expect(exports).toBe(3);
  });

  it('can skip layers', async () => {
    const { image: found } = await image(facts(layers, config(layers)), send(tar(sorted)));
    const exported = found.export();
    for await (const each of exported.layers()) expect(each.length).toBeGreaterThan(0);
    expect((await exported.image()).images[0]?.layers.map(({ diffId }) => diffId)).toEqual(digestsOf(layers));
  });

  it('fails if a layer is read after the next', async () => {
    const { image: found } = await image(facts(layers, config(layers)), send(tar(legacyEntries(layers))));
    let first: AsyncIterator<Uint8Array> | undefined;
    const reading = (async () => {
      for await (const each of found.export().layers()) {
        first ??= each.open()[Symbol.asyncIterator]();
        await first.next();
      }
    })();
    await expect(reading).rejects.toThrow(/can no longer be read/);
  });

  it('exports again if a layer is opened later', async () => {
    const { image: found, engine } = await image(facts(layers, config(layers)), send(tar(sorted)));
    const streamed: StreamedLayer[] = [];
    for await (const each of found.export().layers()) streamed.push(each);
    for (const each of streamed) expect(digestsOf(layers)).toContain(sha256(await readAll(each.open())));
    expect(engine.requests.filter((request) => request.endsWith('/get'))).toHaveLength(1 + 3);
  });

  it('fails if the image is requested before the end', async () => {
    const { image: found } = await image(facts(layers, config(layers)), send(tar(sorted)));
    await expect(found.export().image()).rejects.toThrow(/has not been exported completely/);
  });

  it('fails for a flipped bit', async () => {
    const [one, two, three] = layers as [Buffer, Buffer, Buffer];
    const flipped = Buffer.from(one);
    flipped[600_000] = 0;
    const { image: found } = await image(
      facts(layers, config(layers)),
      send(tar(legacyEntries([flipped, two, three], config(layers)))),
    );
    expect(await inputError(readStreamed(found.export()))).toMatch(
      /layer\.tar is damaged: its digest is sha256:\w+, which matches no layer of the image/,
    );
  });

  it('fails for swapped layers', async () => {
    const [one, two, three] = layers as [Buffer, Buffer, Buffer];
    const { image: found } = await image(
      facts(layers, config(layers)),
      send(tar(legacyEntries([two, one, three], config(layers)))),
    );
    const exported = found.export();
    await readStreamed(exported);
    expect(await inputError(exported.image())).toMatch(/layer 1, \w+\/layer\.tar, is damaged, or is a different layer/);
  });

  it('fails if the name has moved to another image', async () => {
    const { image: found } = await image(facts([layer('x')], config([layer('x')])), send(tar(legacyEntries(layers))));
    const exported = found.export();
    for await (const each of exported.layers()) expect(each.name).toMatch(/layer\.tar$/);
    expect(await inputError(exported.image())).toMatch(
      /app:latest of the Docker Engine at \S+ changed to another image during the export/,
    );
  });
});

describe('Docker 25 and later', () => {
  const names = {
    'io.containerd.image.name': 'docker.io/library/app:latest',
    'org.opencontainers.image.ref.name': 'latest',
  };
  const sortedFiles = (files: Readonly<Record<string, Buffer>>): Buffer =>
    tar(filesOf(files).sort((a, b) => (a.name < b.name ? -1 : 1)));

  it('with the classic image store, identifies every layer in advance', async () => {
    const configBlob = blob(ociTypes.config, config(layers));
    const blobs = layers.map((bytes) => blob(ociTypes.tar, bytes));
    const made = manifest(configBlob, blobs);
    const files = layout(index([descriptor(made, { annotations: names })]), [configBlob, made, ...blobs]);
    const { image: found } = await image(
      facts(layers, config(layers)),
      send(sortedFiles(files)),
      {},
      { apiVersion: '1.44' },
    );
    const exported = found.export();
    const streamed = await readStreamed(exported);
    expect(streamed.map(({ diffId, digest, content }) => [diffId, digest, sha256(content)])).toEqual(
      digestsOf(layers)
        .toSorted()
        .map((digest) => [digest, digest, digest]),
    );
    expect((await exported.image()).images[0]?.manifest?.digest).toBe(sha256(made.bytes));
  });

  it('with the containerd image store, reads compressed layers and the only platform that it has', async () => {
    const amd64 = platformImage('amd', 'amd64');
    const raw = layer('compressed', 300_000);
    const configBlob = blob(ociTypes.config, config([raw]));
    const compressed = blob(ociTypes.gzip, gzipSync(raw));
    const made = manifest(configBlob, [compressed]);
    const inner = index([
      descriptor(made, { platform: { os: 'linux', architecture: 'amd64' } }),
      descriptor(amd64.manifest, { platform: { os: 'linux', architecture: 'arm64' } }),
    ]);
    const files = {
      ...layout(index([descriptor(inner, { annotations: names })]), [inner, made, configBlob, compressed]),
      'manifest.json': json([
        {
          Config: `blobs/sha256/${hexOf(sha256(configBlob.bytes))}`,
          RepoTags: ['app:latest'],
          Layers: [`blobs/sha256/${hexOf(sha256(compressed.bytes))}`],
        },
      ]),
    };
    const { image: found } = await image(
      facts([raw], configBlob.bytes, { Id: sha256(inner.bytes) }),
      send(sortedFiles(files)),
      {},
      { apiVersion: '1.52' },
    );
    const exported = found.export();
    expect(await readStreamed(exported)).toMatchObject([
      { encoding: 'gzip', diffId: undefined, digest: sha256(compressed.bytes), content: compressed.bytes },
    ]);
    const whole = await exported.image();
    expect(whole.notes).toHaveLength(1);
    expect(whole.images).toMatchObject([
      {
        manifest: { digest: sha256(made.bytes) },
        layers: [{ diffId: sha256(raw), descriptor: descriptor(compressed) }],
      },
    ]);
  });

  it('keeps attestations in memory', async () => {
    const amd64 = platformImage('amd', 'amd64');
    const statement = blob('application/vnd.in-toto+json', json({ statement: true }));
    const attestation = manifest(blob(ociTypes.config, json({ x: 1 })), [statement]);
    const inner = index([
      descriptor(amd64.manifest, { platform: amd64.platform }),
      descriptor(attestation, { platform: { os: 'unknown', architecture: 'unknown' } }),
    ]);
    const files = layout(index([descriptor(inner)]), [
      inner,
      ...amd64.blobs,
      attestation,
      statement,
      blob(ociTypes.config, json({ x: 1 })),
    ]);
    const { image: found, engine } = await image(
      facts([amd64.raw], Buffer.alloc(0), { Id: sha256(inner.bytes) }),
      send(sortedFiles(files)),
    );
    const exported = found.export();
    expect(await readStreamed(exported)).toHaveLength(1);
    const whole = await exported.image();
    expect(await readLayers(whole.images[1])).toEqual([sha256(statement.bytes)]);
    expect(engine.requests.filter((request) => request.endsWith('/get'))).toHaveLength(1);
  });

  it('fails for a flipped bit', async () => {
    const bytes = Buffer.from(layers[0] ?? '');
    bytes[600_000] = 0;
    const entries: TarEntry[] = [{ name: `blobs/sha256/${hexOf(digestsOf(layers)[0] ?? '')}`, content: bytes }];
    const { image: found } = await image(facts(layers, config(layers)), send(tar(entries)));
    expect(await inputError(readStreamed(found.export()))).toMatch(
      /blobs\/sha256\/\w+ is damaged: its digest is sha256:\w+ instead of/,
    );
  });

  it('identifies the layers of Podman, which names them by their diff IDs', async () => {
    const [one] = layers as [Buffer];
    const entries: TarEntry[] = [
      { name: `${hexOf(sha256(one))}.tar`, content: one },
      { name: 'x/layer.tar', type: '2', linkName: `../${hexOf(sha256(one))}.tar` },
      { name: 'c.json', content: config([one]) },
      {
        name: 'manifest.json',
        content: json([{ Config: 'c.json', RepoTags: ['app:latest'], Layers: ['x/layer.tar'] }]),
      },
    ];
    const { image: found } = await image(facts([one], config([one])), send(tar(entries)));
    const exported = found.export();
    expect((await readStreamed(exported)).map(({ diffId }) => diffId)).toEqual([sha256(one)]);
    expect((await exported.image()).images[0]?.layers[0]?.name).toBe(`${hexOf(sha256(one))}.tar`);
  });
});

describe('a platform', () => {
  const arm64 = facts(layers, config(layers), { Architecture: 'arm64', Variant: 'v8' });

  it('is requested from engines that support several', async () => {
    const { image: found, engine } = await image(
      arm64,
      send(tar(legacyEntries(layers, config(layers, { architecture: 'arm64' })))),
      { platform: 'linux/arm64' },
      { apiVersion: '1.49' },
    );
    const exported = found.export();
    await readStreamed(exported);
    expect((await exported.image()).images).toHaveLength(1);
    const query = '?platform={"os":"linux","architecture":"arm64"}';
    expect(engine.requests.slice(1)).toEqual([
      `/v1.49/images/app:latest/json${query}`,
      `/v1.49/images/app:latest/get${query}`,
    ]);
  });

  it('is refused if an older engine does not have it', async () => {
    expect(await inputError(image(arm64, send(tar([])), { platform: 'linux/amd64' }))).toMatch(
      /app:latest of the Docker Engine at \S+ is for linux\/arm64\/v8, not for linux\/amd64/,
    );
  });

  it('is left to the export if a newer engine may have it', async () => {
    const { image: found } = await image(arm64, send(tar([])), { platform: 'linux/amd64' }, { apiVersion: '1.48' });
    expect(found).toMatchObject({ diffIds: undefined, platform: undefined });
  });

  it('is unknown if the engine does not state it', async () => {
    const { image: found } = await image({ Id: sha256(config([])), Os: '' }, send(tar([])));
    expect(found).toMatchObject({ diffIds: undefined, platform: undefined });
  });
});

describe('failures', () => {
  const inspect = facts(layers, config(layers));
  const archive = tar(legacyEntries(layers));
  const stopped = (sent: Buffer): Handler =>
    send(
      Buffer.concat([sent, json({ errorDetail: { message: 'disk gone' }, error: 'disk gone' }), Buffer.from('\r\n')]),
    );

  it.each<[string, Buffer]>([
    ['in a layer', archive.subarray(0, 300_000)],
    ['between entries', archive.subarray(0, archive.length - 1024)],
    ['in a header', archive.subarray(0, 100)],
  ])('the engine stops the export %s', async (_, sent) => {
    for (const read of [
      readStreamed,
      async (exported: ReturnType<EngineImage['export']>) => {
        for await (const each of exported.layers()) void each;
      },
    ]) {
      const { image: found } = await image(inspect, stopped(sent));
      const error: unknown = await read(found.export()).catch((caught: unknown) => caught);
      expect(error).toBeInstanceOf(PipeError);
      expect((error as Error).message).toMatch(
        /^app:latest of the Docker Engine at \S+: the engine stopped the export: disk gone$/,
      );
    }
  });

  it('the connection breaks', async () => {
    const { image: found } = await image(inspect, (response) => {
      response.writeHead(200, { 'content-length': archive.length });
      response.write(archive.subarray(0, 300_000), () => response.destroy());
    });
    await expect(readStreamed(found.export())).rejects.toThrow(
      /The answer of the Docker Engine at \S+ could not be read: /,
    );
  });

  it('a description comes byte by byte', async () => {
    const timeoutMs = patience(100);
    const engine = await engineWith({
      '/images/app:latest/json': (response) => {
        response.writeHead(200, { 'content-type': 'application/json' }).write('{');
        const drip = setInterval(() => response.write(' '), timeoutMs / 20);
        // Otherwise an engine that is waited for gives its whole answer.
        const end = setTimeout(() => response.end('}'), timeoutMs * 5);
        response.on('close', () => {
          clearInterval(drip);
          clearTimeout(end);
        });
      },
    });
    await expect(openEngineImage({ host: engine.host }, 'app', {}, { ...options, timeoutMs })).rejects.toThrow(
      /^The answer of the Docker Engine at \S+ could not be read: it is not complete after /,
    );
  });

  it('the export ends too early', async () => {
    const { image: found } = await image(inspect, send(archive.subarray(0, 300_000)));
    expect(await inputError(readStreamed(found.export()))).toMatch(
      /app:latest of the Docker Engine at \S+ is cut off: it has only \d+ of the \d+ bytes of \w+\/layer\.tar/,
    );
  });

  it('the engine refuses the export', async () => {
    const { image: found } = await image(inspect, answer({ message: 'empty export - not implemented' }, 500));
    await expect(readStreamed(found.export())).rejects.toThrow(
      /The Docker Engine at \S+: empty export - not implemented/,
    );
  });

  it('the engine fails', async () => {
    const engine = await engineWith({ '/images/app:latest/json': answer({ message: 'no disk' }, 500) });
    await expect(openEngineImage({ host: engine.host }, 'app', {}, options)).rejects.toThrow(
      /app:latest of the Docker Engine at \S+: no disk/,
    );
  });

  it('the engine answers with an unexpected shape', async () => {
    for (const [value, message] of [
      [[], /is not an object/],
      [{ Id: 'x' }, /Id is not a valid digest/],
      [{ ...inspect, RootFS: { Layers: ['x'] } }, /RootFS\.Layers\[0\] is not a valid digest/],
      [{ ...inspect, Architecture: 1 }, /architecture is not a string/],
    ] as const) {
      const engine = await engineWith({ '/images/app:latest/json': answer(value) });
      expect(await inputError(openEngineImage({ host: engine.host }, 'app', {}, options))).toMatch(message);
    }
  });

  it('the engine does not have the image', async () => {
    const engine = await engineWith({
      '/images/app:latest/json': answer({ message: 'No such image: app:latest' }, 404),
      '/images/json': answer([
        { RepoTags: ['app:dev', 'app:1'] },
        { RepoTags: null },
        { RepoTags: ['<none>:<none>', 'other:1'] },
      ]),
    });
    expect(await inputError(openEngineImage({ host: engine.host }, 'app', {}, options))).toBe(
      `There is no image app:latest in the Docker Engine at ${engine.host}. It has app:dev, app:1`,
    );
  });

  it.each<[unknown, string, RegExp]>([
    [[{ RepoTags: ['reg.io/team/my-app:1', 'x:1'] }], 'app:1', /It has reg\.io\/team\/my-app:1$/],
    [[{ RepoTags: ['x:1'] }], 'app:1', /It has no image with a similar name/],
    ['nonsense', 'app:1', /It has no image with a similar name/],
  ])('the engine does not have the image: %#', async (list, name, message) => {
    const engine = await engineWith({
      '/images/json': answer(list),
      [`/images/${name}/json`]: answer({ message: 'does not provide the platform' }, 404),
    });
    const error = await inputError(openEngineImage({ host: engine.host }, name, {}, options));
    expect(error).toMatch(message);
    expect(error).toContain('(does not provide the platform)');
  });

  it('sends names unchanged, with the default tag', async () => {
    const id = 'a'.repeat(64);
    for (const [name, path] of [
      ['reg.io:5000/team/app', '/images/reg.io:5000/team/app:latest/json'],
      [`app@sha256:${id}`, `/images/app@sha256:${id}/json`],
      [id, `/images/${id}/json`],
      ['a b?c#d', '/images/a b?c#d:latest/json'],
    ] as const) {
      const engine = await engineWith({});
      await inputError(openEngineImage({ host: engine.host }, name, {}, options));
      expect(engine.requests[1]).toBe(`/v1.41${path}`);
    }
  });
});

describe('an engine', () => {
  const reach = async (host: string | undefined, more: Json = {}): Promise<string> =>
    await inputError(openEngineImage({ host, ...more }, 'app', {}, options));

  /** Unlike `inputError`, allows the socket's path in the message. */
  const inputErrorAt = async (host: string, timeoutMs = options.timeoutMs): Promise<string> => {
    const error: unknown = await openEngineImage({ host }, 'app', {}, { ...options, timeoutMs }).catch(
      (caught: unknown) => caught,
    );
    expect(error).toBeInstanceOf(InputError);
    return (error as InputError).message;
  };

  it('is reached over a socket', async () => {
    const engine = await engineWith(
      { '/images/app:latest/json': answer(facts(layers, config(layers))) },
      { socketPath: at('docker.sock') },
    );
    const found = await openEngineImage({ host: engine.host }, 'app', {}, options);
    expect(found.description).toBe(`app:latest of the Docker Engine at unix://${at('docker.sock')}`);
    await found.close();
  });

  it('is missing', async () => {
    expect(await reach('unix:///nowhere/docker.sock')).toMatch(/cannot be reached: there is no such socket \(ENOENT\)/);
    expect(await reach('tcp://127.0.0.1:1')).toMatch(/cannot be reached: nothing is listening there \(ECONNREFUSED\)/);
    expect(await reach('tcp://nowhere.invalid:2375')).toMatch(/host name (?:was not found|could not be looked up)/);
  });

  it('refuses this user', async () => {
    await engineWith({}, { socketPath: at('docker.sock') });
    await chmod(at('docker.sock'), 0);
    expect(await asNobody(() => inputErrorAt(`unix://${at('docker.sock')}`))).toMatch(
      /docker\.sock refuses this user: permission denied \(EACCES\)/,
    );
  });

  it('does not answer', async () => {
    const silent = createServer(() => undefined);
    await new Promise<void>((resolve) => {
      silent.listen(at('silent.sock'), resolve);
    });
    expect(await inputErrorAt(`unix://${at('silent.sock')}`, 300)).toMatch(/did not answer within 300 ms/);
    silent.close();
  });

  it('is something else', async () => {
    const page: Handler = (response) => {
      response.writeHead(200, { 'content-type': 'text/html' }).end('<html>');
    };
    const engine = await engineWith({ '/_ping': page, '/version': page });
    expect(await reach(engine.host)).toMatch(/Something other than a Docker Engine answered at tcp:\S+ \(200\)/);
  });

  it('states its version elsewhere, or has one that is too old or newer than the pipe', async () => {
    const older = await engineWith({ '/version': answer({ ApiVersion: '1.30' }) }, { apiVersion: '' });
    await reach(older.host);
    expect(older.requests.slice(0, 3)).toEqual(['/_ping', '/version', '/v1.30/images/app:latest/json']);
    const old = await engineWith({}, { apiVersion: '1.20' });
    expect(await reach(old.host)).toMatch(
      /The Docker Engine at \S+ is too old: its API version is 1\.20, but at least 1\.24 is needed/,
    );
    const future = await engineWith({}, { apiVersion: '2.3' });
    await reach(future.host);
    expect(future.requests[1]).toMatch(/^\/v1\.51\//);
  });

  it('is abandoned on abort', async () => {
    const controller = new AbortController();
    const engine = await engineWith({ '/images/app:latest/json': () => controller.abort(new Error('stopped')) });
    await expect(
      openEngineImage({ host: engine.host }, 'app', {}, { ...options, signal: controller.signal }),
    ).rejects.toThrow('stopped');
  });
});

describe('DOCKER_HOST', () => {
  it.each<[string | undefined, string, string | undefined]>([
    [undefined, 'http://docker', '/var/run/docker.sock'],
    ['', 'http://docker', '/var/run/docker.sock'],
    ['unix:///run/user/1/docker.sock', 'http://docker', '/run/user/1/docker.sock'],
    ['tcp://host.docker.internal:2375', 'http://host.docker.internal:2375', undefined],
    ['tcp://host', 'http://host:2375', undefined],
    ['tcp://host:80', 'http://host', undefined],
    ['tcp://[::1]:2375', 'http://[::1]:2375', undefined],
    ['http://host:1234', 'http://host:1234', undefined],
    ['https://host', 'https://host:2376', undefined],
  ])('%s', async (host, origin, socketPath) => {
    expect(await readEngineAddress({ host })).toMatchObject({
      origin,
      connect: socketPath === undefined ? {} : { socketPath },
    });
  });

  it.each(['ssh://user@host', 'npipe:////./pipe/docker', 'unix://docker.sock', 'tcp://', 'host:2375', 'fd://'])(
    'refuses %s',
    async (host) => {
      expect(await inputError(readEngineAddress({ host }))).toMatch(/is not a supported Docker Engine address/);
    },
  );

  it('with certificates', async () => {
    for (const name of ['ca', 'cert', 'key']) await writeFile(at(`${name}.pem`), name);
    const settings = { host: 'tcp://host', tlsVerify: '1', certPath: at() };
    expect(await readEngineAddress(settings)).toMatchObject({
      origin: 'https://host:2376',
      connect: { ca: 'ca', cert: 'cert', key: 'key' },
    });
    expect(await readEngineAddress({ ...settings, certPath: undefined })).toMatchObject({
      origin: 'https://host:2376',
      connect: {},
    });
    expect(await readEngineAddress({ ...settings, tlsVerify: '' })).toMatchObject({
      origin: 'http://host:2375',
      connect: {},
    });
    await rm(at('key.pem'));
    await expect(readEngineAddress(settings)).rejects.toThrow(/Cannot read the certificates for the Docker Engine/);
  });
});
