import { createHash } from 'node:crypto';
import { appendFileSync, chmodSync, existsSync, mkdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { PackFormat } from '../../../pipe/archive/pack/format.ts';
import { packFile, type PackedFile } from '../../../pipe/archive/pack/pack-file.ts';
import { ForwardReader } from '../../../pipe/archive/tar/reader.ts';
import { TarWalk } from '../../../pipe/archive/tar/walk.ts';
import { withZipMembers } from '../../../pipe/archive/zip.ts';
import { bytesBody } from '../../../pipe/io/body.ts';
import { selectTree } from '../../../pipe/io/select-tree.ts';
import { divideBuffers } from '../../../pipe/io/source-file.ts';

const formats: readonly PackFormat[] = ['zip', 'nupkg', 'tar', 'tar.gz'];
const content = {
  'a.txt': 'content of a',
  'bin/run': '#!/bin/sh\n',
  'ünï/cødé 漢字.txt': 'names',
  [`deep/${'d'.repeat(60)}/${'e'.repeat(60)}/long.txt`]: 'long',
  empty: '',
  'large.bin': 'abcdefghijklmnop'.repeat(200_000),
};

let directory = '';
let count = 0;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'pack-'));
});
afterEach(async () => {
  divideBuffers(4);
  await rm(directory, { recursive: true });
});

function write(files: Readonly<Record<string, string>> = content, place = 'dist'): void {
  for (const [path, text] of Object.entries(files)) {
    const absolute = join(directory, place, path);
    mkdirSync(dirname(absolute), { recursive: true });
    writeFileSync(absolute, text);
  }
}

async function pack(
  format: PackFormat,
  { place = 'dist', time = 0, signal = new AbortController().signal } = {},
): Promise<PackedFile> {
  const tree = await selectTree({ form: 'string', value: place }, { workingDirectory: directory });
  const path = join(directory, `${++count}.${format}`);
  return await packFile(tree, path, {
    name: `app.1.0.${format}`,
    format,
    identity: { id: 'app', version: '1.0' },
    time,
    signal,
  });
}

async function read({ file }: PackedFile, format: PackFormat): Promise<Readonly<Record<string, string>>> {
  const found: Record<string, string> = {};
  if (format === 'zip' || format === 'nupkg') {
    await withZipMembers(
      file,
      () => true,
      async (members) => {
        for (const member of members) found[member.path] = (await member.read(1e9)).toString();
      },
    );
    return found;
  }
  const whole = readFileSync(file.absolutePath);
  const reader = new ForwardReader(bytesBody(format === 'tar' ? whole : gunzipSync(whole)).open());
  const walk = new TarWalk(reader, 'archive');
  for await (const { name, kind, size } of walk.members())
    found[name] = kind === 'directory' ? '' : (await reader.read(size)).toString();
  expect(walk.hasEndMark).toBe(true);
  return found;
}

/** The permissions of each entry: in the header of a tar (POSIX.1-1988, ustar), or in a zip's directory (APPNOTE 4.3.12). */
function modesIn({ file }: PackedFile, format: PackFormat): Readonly<Record<string, number>> {
  const whole = readFileSync(file.absolutePath);
  const modes: Record<string, number> = {};
  if (format === 'zip' || format === 'nupkg') {
    const signature = Buffer.from([0x50, 0x4b, 0x01, 0x02]);
    for (let at = whole.indexOf(signature); at >= 0; at = whole.indexOf(signature, at + 1)) {
      const name = whole.toString('utf8', at + 46, at + 46 + whole.readUInt16LE(at + 28));
      modes[name] = (whole.readUInt32LE(at + 38) >>> 16) & 0o777;
    }
    return modes;
  }
  const headers = format === 'tar' ? whole : gunzipSync(whole);
  for (let at = 0; at < headers.length && headers[at] !== 0;) {
    const name = headers.toString('utf8', at, headers.indexOf(0, at));
    modes[name] = Number.parseInt(headers.toString('latin1', at + 100, at + 107), 8) & 0o777;
    at += 512 * (1 + Math.ceil(Number.parseInt(headers.toString('latin1', at + 124, at + 135), 8) / 512));
  }
  return modes;
}

describe.each(formats)('%s', (format) => {
  it('has every file, under names with forward slashes', async () => {
    write();
    const found = await read(await pack(format), format);
    const expected = Object.fromEntries(
      Object.entries(content).map(([path, text]) => [
        format === 'nupkg' ? path.split('/').map(encodeURIComponent).join('/') : path,
        text,
      ]),
    );
    expect(found).toMatchObject(expected);
    const others = Object.keys(found).filter((path) => !(path in expected));
    expect(others).toEqual(format === 'nupkg' ? ['_rels/.rels', 'app.nuspec', '[Content_Types].xml'] : []);
  });

  it('has the same bytes whatever the times, rights, order and place of the files, and however they are read', async () => {
    write();
    const first = await pack(format);
    write(Object.fromEntries(Object.entries(content).toReversed()), 'other/place');
    utimesSync(join(directory, 'other/place/a.txt'), 1e9, 1e9);
    chmodSync(join(directory, 'other/place/a.txt'), 0o606);
    divideBuffers(7);
    const second = await pack(format, { place: 'other/place' });
    expect(second.sha256).toBe(first.sha256);
    chmodSync(join(directory, 'other/place/a.txt'), 0o700);
    const executable = await pack(format, { place: 'other/place' });
    expect(executable.sha256).not.toBe(first.sha256);
  });

  it('lets everyone read what is packed, and run what its owner may run', async () => {
    write({ 'a.txt': 'a', 'bin/run': 'b' });
    mkdirSync(join(directory, 'dist/logs'));
    chmodSync(join(directory, 'dist/a.txt'), 0o600);
    chmodSync(join(directory, 'dist/bin/run'), 0o700);
    const modes = modesIn(await pack(format), format);
    expect(modes).toMatchObject({ 'a.txt': 0o644, 'bin/run': 0o755, ...(format !== 'nupkg' && { 'logs/': 0o755 }) });
  });

  it('has the size and the hashes that are stated', async () => {
    write();
    const { file, sha1, sha256 } = await pack(format);
    const bytes = readFileSync(file.absolutePath);
    expect(file.size).toBe(bytes.length);
    expect(sha1).toBe(createHash('sha1').update(bytes).digest('hex'));
    expect(sha256).toBe(createHash('sha256').update(bytes).digest('hex'));
  });

  it('keeps empty directories, except in a NuGet package', async () => {
    write({ a: 'a' });
    mkdirSync(join(directory, 'dist/logs'));
    const found = await read(await pack(format), format);
    expect('logs/' in found).toBe(format !== 'nupkg');
  });

  it('is not left behind if a file changes while it is packed', async () => {
    write();
    const tree = await selectTree({ form: 'string', value: 'dist' }, { workingDirectory: directory });
    appendFileSync(join(directory, 'dist/a.txt'), 'more');
    const path = join(directory, 'x');
    const rules = {
      name: 'x',
      format,
      identity: { id: 'app', version: '1.0' },
      time: 0,
      signal: new AbortController().signal,
    };
    await expect(packFile(tree, path, rules)).rejects.toThrow('a.txt changed while it was being uploaded');
    expect(existsSync(path)).toBe(false);
  });

  it('is not left behind if the run is stopped', async () => {
    write();
    await expect(pack(format, { signal: AbortSignal.abort(new Error('stopped')) })).rejects.toThrow('stopped');
    expect(existsSync(join(directory, `${count}.${format}`))).toBe(false);
  });
});

it('has the time that is given, in the same bytes in every time zone', async () => {
  write({ a: 'a' });
  const before = process.env['TZ'];
  const packed: PackedFile[] = [];
  for (const zone of ['UTC', 'America/Los_Angeles', 'Asia/Tokyo']) {
    process.env['TZ'] = zone;
    for (const time of [0, Date.UTC(1980, 0, 1, 5), Date.UTC(2026, 2, 29, 1, 30), Date.UTC(2200, 0, 1)])
      packed.push(await pack('zip', { time }));
  }
  if (before === undefined) delete process.env['TZ'];
  else process.env['TZ'] = before;
  const sums = packed.map(({ sha256 }) => sha256);
  expect(sums.slice(4, 8)).toEqual(sums.slice(0, 4));
  expect(sums.slice(8)).toEqual(sums.slice(0, 4));
  expect(new Set(sums).size).toBe(3);
});

describe('a NuGet package', () => {
  it('has a manifest, and types for every part', async () => {
    write({ 'a.txt': '', LICENSE: '', 'b&c.x"y': '' });
    const found = await read(await pack('nupkg'), 'nupkg');
    expect(found['app.nuspec']).toContain('<id>app</id>\n    <version>1.0</version>');
    expect(found['_rels/.rels']).toContain('Target="/app.nuspec"');
    const types = found['[Content_Types].xml'];
    for (const extension of ['rels', 'nuspec', 'txt', 'x&quot;y'])
      expect(types).toContain(`<Default Extension="${extension}"`);
    expect(types).toContain('<Override PartName="/LICENSE"');
  });

  it('replaces what would stand in their place', async () => {
    write({ 'a.txt': '', 'old.nuspec': '<old/>', '_rels/.rels': '<old/>', '[Content_Types].xml': '<old/>' });
    const found = await read(await pack('nupkg'), 'nupkg');
    expect(Object.keys(found)).toEqual(['_rels/.rels', 'app.nuspec', 'a.txt', '[Content_Types].xml']);
    expect(JSON.stringify(found)).not.toContain('<old/>');
  });

  it('may be made of any number of empty directories, which it leaves out, unlike a zip', async () => {
    write({ 'a.txt': '' });
    for (let index = 0; index <= 1_000; index++) mkdirSync(join(directory, 'dist', String(index)));
    await expect(pack('zip')).rejects.toThrow('app.1.0.zip would have more than 1000 empty directories');
    const { tree } = await pack('nupkg');
    expect([tree.files.map(({ path }) => path), tree.emptyDirectories]).toEqual([['a.txt'], []]);
  });
});

it('refuses names that mean something else on Windows, except in a tar archive', async () => {
  write({ 'a\\b': '', 'c:d': '' });
  await expect(pack('zip')).rejects.toThrow(/a\\+b cannot be packed into app\.1\.0\.zip[^]*c:d cannot/);
  expect(Object.keys(await read(await pack('tar'), 'tar'))).toEqual(['a\\b', 'c:d']);
});

it('overwrites nothing', async () => {
  write({ a: '' });
  writeFileSync(join(directory, `${count + 1}.zip`), 'kept');
  await expect(pack('zip')).rejects.toThrow('app.1.0.zip cannot be written: EEXIST');
  expect(readFileSync(join(directory, `${count}.zip`), 'utf8')).toBe('kept');
});
