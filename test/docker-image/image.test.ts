import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { createGzip, gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { docker, image, runNode } from './run-pipe.ts';

const root = join(__dirname, '..', '..');
const container = `pipe-test-${randomBytes(6).toString('hex')}`;
let directory = '';
let files: readonly string[] = [];

/** Creates a container, which never runs, to list its files. */
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'pipe-image-'));
  await docker('create', `--name=${container}`, image);
  await docker('export', `--output=${directory}/files.tar`, container);
  const { stdout } = await promisify(execFile)('tar', ['--list', `--file=${directory}/files.tar`]);
  files = stdout
    .trim()
    .split('\n')
    .filter((path) => !path.endsWith('/') && !madeByDocker.includes(path));
});
afterAll(async () => {
  await docker('rm', container);
  await rm(directory, { recursive: true });
});

/** Files that Docker adds to every container. */
const madeByDocker = ['.dockerenv', 'dev/console', 'etc/hostname', 'etc/hosts', 'etc/mtab', 'etc/resolv.conf'];

it('contains only Node.js, its libraries, libdeflate, the CAs and the pipe', () => {
  const [triplet, loader] =
    process.arch === 'x64'
      ? ['x86_64-linux-gnu', 'usr/lib64/ld-linux-x86-64.so.2']
      : ['aarch64-linux-gnu', 'usr/lib/ld-linux-aarch64.so.1'];
  const libraries = ['atomic.so.1', 'c.so.6', 'deflate.so.0', 'dl.so.2', 'gcc_s.so.1', 'm.so.6', 'pthread.so.0'];
  const expected =
    `LICENSE.txt README.md pipe.yml dist/package.json dist/pipe.js dist/result.schema.json dist/sbom.cdx.json
    dist/THIRD-PARTY-NOTICES.txt usr/local/bin/node
    etc/ssl/certs/ca-certificates.crt lib lib64 ${loader}`
      .split(/\s+/)
      .concat([...libraries, 'stdc++.so.6'].map((name) => `usr/lib/${triplet}/lib${name}`));
  const rest = files.filter((path) => !/^dist\/cache\/v26\.[^/]+\/[0-9a-f]+$/.test(path));
  expect(new Set(rest)).toEqual(new Set(expected));
});

it.each(['/bin/sh', '/bin/bash', '/usr/bin/env', '/bin/busybox'])('does not contain %s', async (path) => {
  await expect(docker('run', '--rm', `--entrypoint=${path}`, image)).rejects.toThrow('no such file or directory');
});

it.each(['pipe.yml', 'README.md', 'LICENSE.txt'])("contains the repository's %s", async (name) => {
  await docker('cp', `${container}:/${name}`, join(directory, name));
  expect(await readFile(join(directory, name))).toEqual(await readFile(join(root, name)));
});

it('is at most 50 MB to pull', async () => {
  const save = spawn('docker', ['save', image], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(save, 'exit');
  let bytes = 0;
  const counter = new Writable({
    write(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      done();
    },
  });
  await pipeline(save.stdout, createGzip({ level: 6 }), counter);
  expect(await exited).toEqual([0, null]);
  expect(bytes).toBeGreaterThan(1_000_000);
  expect(bytes).toBeLessThanOrEqual(50_000_000);
});

it('has labels, starts only the pipe, and sets neither user nor stop signal', async () => {
  const [{ Config }] = JSON.parse(await docker('image', 'inspect', image)) as [{ Config: Record<string, unknown> }];
  const { repository, license } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  expect(Config['Labels']).toMatchObject({
    'org.opencontainers.image.title': 'bitbucket-upload-package',
    'org.opencontainers.image.description': expect.stringContaining('Bitbucket Pipe'),
    'org.opencontainers.image.licenses': license,
    'org.opencontainers.image.source': repository,
  });
  expect(Config['Entrypoint']).toEqual(expect.arrayContaining(['/usr/local/bin/node', '/dist/pipe.js']));
  expect({ cmd: Config['Cmd'], user: Config['User'], signal: Config['StopSignal'] }).toEqual({
    cmd: null,
    user: '',
    signal: undefined,
  });
});

describe('its Node.js', () => {
  it('has the same major version as the one that runs the tests', async () => {
    const major = /^v(\d+)\./;
    const version = await runNode('console.log(process.version)');
    expect(major.exec(version)?.[1]).toBe(major.exec(process.version)?.[1]);
  });

  it('loads libdeflate by its name, and compresses with it', async () => {
    const script = `
      const { dlopen } = require('node:ffi');
      const { functions } = dlopen('libdeflate.so.0', {
        libdeflate_alloc_compressor: { arguments: ['int32'], return: 'pointer' },
        libdeflate_gzip_compress: { arguments: ['pointer', 'buffer', 'uint64', 'buffer', 'uint64'], return: 'uint64' },
      });
      const input = Buffer.from('deflate '.repeat(1000));
      const output = Buffer.alloc(input.length);
      const compressor = functions.libdeflate_alloc_compressor(6);
      const length = functions.libdeflate_gzip_compress(compressor, input, BigInt(input.length), output, BigInt(output.length));
      console.log(output.subarray(0, Number(length)).toString('base64'));`;
    const compressed = Buffer.from(await runNode(script), 'base64');
    expect(compressed.length).toBeLessThan(200);
    expect(gunzipSync(compressed).toString()).toBe('deflate '.repeat(1000));
  });

  it('still has worker threads, zstd and WebAssembly after being stripped', async () => {
    const script = `
      const { Worker } = require('node:worker_threads');
      const { zstdCompressSync, zstdDecompressSync } = require('node:zlib');
      const code = "require('node:worker_threads').parentPort.postMessage(require('node:crypto').hash('sha256', 'x'))";
      new Worker(code, { eval: true }).on('message', async (hash) => {
        const { instance } = await WebAssembly.instantiate(Buffer.from('AGFzbQEAAAABBQFgAAF/AwIBAAcFAQFmAAAKBgEEAEEqCw==', 'base64'));
        console.log(hash.slice(0, 8), zstdDecompressSync(zstdCompressSync('zstd')).toString(), instance.exports.f());
      });`;
    expect(await runNode(script)).toBe('2d711642 zstd 42\n');
  });

  it.each([
    ['localhost', /^127\.0\.0\.1\n$/],
    ['registry.example', /^192\.0\.2\.7\n$/],
    ['nowhere.invalid', /^(?:ENOTFOUND|EAI_AGAIN)\n$/],
  ])('resolves %s without the libraries that glibc usually loads', async (name, address) => {
    const script = `require('node:dns').lookup('${name}', 4, (error, address) => console.log(error?.code ?? address))`;
    expect(await runNode(script, '--add-host=registry.example:192.0.2.7')).toMatch(address);
  });
});
