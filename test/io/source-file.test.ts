import { appendFileSync, renameSync, rmSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { mkdtemp, readdir, readlink, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { FileChangedError, InputError } from '../../pipe/errors.ts';
import type { Body } from '../../pipe/io/body.ts';
import { divideBuffers, fileBody, fingerprintOf, rangeReader, type SourceFile } from '../../pipe/io/source-file.ts';
import { describeIf } from '../skip-unless.ts';

const chunkBytes = 1024 * 1024;

let root: string;
let path: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'file-body-'));
  path = join(root, 'file');
});
afterEach(async () => {
  divideBuffers(1);
  await rm(root, { recursive: true });
});

/** No two chunks are equal: the pattern's length is a prime. */
const repeated = Buffer.from(Array.from({ length: 1021 }, (_, index) => index % 256));
const content = (size: number): Buffer => Buffer.alloc(size, repeated);

/** A file of this many bytes, as planned. */
async function plan(size: number): Promise<SourceFile> {
  await writeFile(path, content(size));
  const stats = await stat(path, { bigint: true });
  return { path: 'dist/file', absolutePath: path, size: Number(stats.size), fingerprint: fingerprintOf(stats) };
}

async function read(body: Body): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of body.open()) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

describe('yields the whole file, every time it is opened', () => {
  it.each([0, 1, chunkBytes - 1, chunkBytes, chunkBytes + 1, 3 * chunkBytes + 5])('%d bytes', async (size) => {
    const body = fileBody(await plan(size));
    const whole = content(size);
    expect(body.length).toBe(size);
    for (const bytes of [await read(body), await read(body)]) expect(bytes.equals(whole)).toBe(true);
  });

  it('twice at the same time', async () => {
    const body = fileBody(await plan(2 * chunkBytes));
    const [first, second] = await Promise.all([read(body), read(body)]);
    expect([first.equals(second), first.equals(content(2 * chunkBytes))]).toEqual([true, true]);
  });

  it.each([
    ['1 MiB', 1, chunkBytes],
    ['1 MiB', 4, chunkBytes],
    ['256 KiB', 16, chunkBytes / 4],
    ['128 KiB', 64, chunkBytes / 8],
  ])(
    'in chunks of %s, each unchanged while the next is used, if %d are read at once',
    async (_, filesAtOnce, bytes) => {
      divideBuffers(filesAtOnce);
      const size = 6 * bytes + 5;
      const body = fileBody(await plan(size));
      const whole = content(size);
      const lengths: number[] = [];
      let position = 0;
      let previous: { chunk: Uint8Array; position: number } | undefined;
      for await (const chunk of body.open()) {
        // Leave time for the read-ahead, which must not write into a buffer in use.
        await delay(10);
        for (const held of [previous, { chunk, position }]) {
          if (held === undefined) continue;
          const expected = whole.subarray(held.position, held.position + held.chunk.length);
          expect(Buffer.compare(held.chunk, expected)).toBe(0);
        }
        previous = { chunk, position };
        lengths.push(chunk.length);
        position += chunk.length;
      }
      expect(lengths).toEqual([...Array.from({ length: 6 }, () => bytes), 5]);
    },
  );

  it('in as few buffers as are needed, if many are read at once', async () => {
    divideBuffers(64);
    const buffers = new Set<ArrayBufferLike>();
    for await (const chunk of fileBody(await plan(chunkBytes)).open()) buffers.add(chunk.buffer);
    expect(buffers.size).toBe(2);
  });
});

describe("reads part of it into the caller's buffers", () => {
  const size = chunkBytes + 5;
  const changed: readonly (readonly [how: string, change: () => void])[] = [
    ['grown', () => appendFileSync(path, 'x')],
    ['shrunk', () => truncateSync(path, 10)],
    ['touched', () => utimesSync(path, 1, 1)],
  ];

  it('in pieces of any length, and not beyond its end', async () => {
    const reader = rangeReader(await plan(size), 3, size - 5);
    const target = new Uint8Array(new SharedArrayBuffer(chunkBytes)).fill(7);
    expect(await reader.read(target.subarray(64, 164))).toBe(100);
    expect(Buffer.from(target.subarray(63, 165))).toEqual(
      Buffer.concat([Buffer.from([7]), content(size).subarray(3, 103), Buffer.from([7])]),
    );
    expect(await reader.read(target)).toBe(size - 105);
    expect(Buffer.from(target).equals(Buffer.concat([content(size).subarray(103, -2), target.subarray(-100)]))).toBe(
      true,
    );
    expect(await reader.read(target)).toBe(0);
    await reader.close();
  });

  it.each(changed)('fails if it is %s before the first read', async (_, change) => {
    const reader = rangeReader(await plan(size), 0, size);
    await pastTheClockTick();
    change();
    await expect(reader.read(Buffer.alloc(10))).rejects.toThrow(FileChangedError);
    await reader.close();
  });

  it.each(changed)('fails if it is %s before the last read', async (_, change) => {
    const reader = rangeReader(await plan(size), 0, size);
    expect(await reader.read(Buffer.alloc(chunkBytes))).toBe(chunkBytes);
    await pastTheClockTick();
    change();
    await expect(reader.read(Buffer.alloc(chunkBytes))).rejects.toThrow(FileChangedError);
    await reader.close();
  });
});

describe('fails if the file is no longer as planned', () => {
  const size = 3 * chunkBytes + 5;
  const changes: readonly (readonly [how: string, change: () => void, reason: string])[] = [
    ['grown', () => appendFileSync(path, 'x'), `its size is now ${size + 1} bytes, not ${size}`],
    ['shrunk', () => truncateSync(path, 2 * chunkBytes), `its size is now ${2 * chunkBytes} bytes, not ${size}`],
    ['emptied', () => truncateSync(path), `its size is now 0 bytes, not ${size}`],
    ['written to', () => writeFileSync(path, Buffer.alloc(size)), 'it was written to'],
    ['touched', () => utimesSync(path, 1, 1), 'it was written to'],
    ['replaced', replace, 'it was written to'],
  ];

  function replace(): void {
    writeFileSync(join(root, 'other'), Buffer.alloc(size));
    renameSync(join(root, 'other'), path);
  }

  it.each(changes)('%s before it is opened: nothing is yielded', async (_, change, reason) => {
    const body = fileBody(await plan(size));
    await pastTheClockTick();
    change();
    let yielded = 0;
    const error = await failure(
      (async () => {
        for await (const chunk of body.open()) yielded += chunk.length;
      })(),
    );
    expect(error).toBeInstanceOf(FileChangedError);
    expect(error).toMatchObject({ message: `dist/file changed while it was being uploaded: ${reason}` });
    expect(yielded).toBe(0);
  });

  it.each([...changes, ['deleted', () => rmSync(path), 'it was written to'] as const])(
    '%s while it is read, at the first chunk or before the last one: the last bytes are never yielded',
    async (_, change) => {
      for (const moment of [0, 2 * chunkBytes]) await expectRefusal(change, moment);
    },
  );

  it('deleted before it is opened, with the cause', async () => {
    const body = fileBody(await plan(size));
    rmSync(path);
    const error = await failure(read(body));
    expect(error).toBeInstanceOf(FileChangedError);
    expect(error).toMatchObject({
      message: `dist/file changed while it was being uploaded: it no longer exists`,
      cause: { code: 'ENOENT' },
    });
  });

  it('no longer empty', async () => {
    const body = fileBody(await plan(0));
    appendFileSync(path, 'x');
    expect(await failure(read(body))).toMatchObject({
      name: 'FileChangedError',
      message: expect.stringContaining('its size is now 1 bytes, not 0'),
    });
  });

  it('with a name that is safe to print', async () => {
    const file = { ...(await plan(1)), path: 'a\nb', fingerprint: 'other' };
    expect(await failure(read(fileBody(file)))).toMatchObject({ message: expect.stringContaining(String.raw`a\nb`) });
  });
});

describe('reports a file that cannot be read, with the cause', () => {
  // A directory can be opened, but reading it fails everywhere.
  it('if reading fails', async () => {
    const stats = await stat(root, { bigint: true });
    const file = { path: 'dist/file', absolutePath: root, size: 5, fingerprint: fingerprintOf(stats) };
    const error = await failure(read(fileBody(file)));
    expect(error).toBeInstanceOf(InputError);
    expect(error).toMatchObject({
      message: expect.stringMatching(/^dist\/file cannot be read: EISDIR/),
      cause: { code: 'EISDIR' },
    });
  });

  it('if opening fails', async () => {
    await symlink('loop', join(root, 'loop'));
    const file = { path: 'dist/loop', absolutePath: join(root, 'loop'), size: 5, fingerprint: 'any' };
    const error = await failure(read(fileBody(file)));
    expect(error).toBeInstanceOf(InputError);
    expect(error).toMatchObject({
      message: expect.stringMatching(/^dist\/loop cannot be read: ELOOP/),
      cause: { code: 'ELOOP' },
    });
  });
});

describeIf(process.platform === 'linux', 'only Linux tells which files are open')('leaves no file open', () => {
  it('if it is read to its end, abandoned early, or fails', async () => {
    const body = fileBody(await plan(3 * chunkBytes));
    await read(body);
    expect(await openFiles()).toBe(0);

    for await (const _ of body.open()) {
      expect(await openFiles()).toBe(1);
      break;
    }
    expect(await openFiles()).toBe(0);

    await pastTheClockTick();
    appendFileSync(path, 'x');
    await expect(read(body)).rejects.toThrow(FileChangedError);
    expect(await openFiles()).toBe(0);

    const reader = rangeReader(await plan(10), 0, 10);
    await reader.read(Buffer.alloc(5));
    expect(await openFiles()).toBe(1);
    await reader.close();
    await reader.close();
    await rangeReader(await plan(10), 0, 10).close();
    expect(await openFiles()).toBe(0);
  });
});

describe('fingerprintOf', () => {
  it('is the same until the file changes', async () => {
    const { fingerprint } = await plan(10);
    expect(fingerprintOf(await stat(path, { bigint: true }))).toBe(fingerprint);
    await pastTheClockTick();
    writeFileSync(path, content(10));
    expect(fingerprintOf(await stat(path, { bigint: true }))).not.toBe(fingerprint);
  });
});

/** File systems take times from the system's tick: two changes within one tick look alike. */
async function pastTheClockTick(): Promise<void> {
  await delay(20);
}

async function failure(reading: Promise<unknown>): Promise<unknown> {
  return await reading.then(
    () => 'no failure',
    (error: unknown) => error,
  );
}

/** How often the file is open. */
async function openFiles(): Promise<number> {
  const targets = (await readdir('/proc/self/fd')).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => ''));
  return (await Promise.all(targets)).filter((target) => target === path).length;
}

/** Changes the file while the chunk at `moment` is used. */
async function expectRefusal(change: () => void, moment: number): Promise<void> {
  const body = fileBody(await plan(3 * chunkBytes + 5));
  let yielded = 0;
  const error = await failure(
    (async () => {
      for await (const chunk of body.open()) {
        if (yielded === moment) {
          await pastTheClockTick();
          change();
        }
        yielded += chunk.length;
      }
    })(),
  );
  expect(error).toBeInstanceOf(FileChangedError);
  expect(error).toMatchObject({ message: expect.stringMatching(/changed while it was being uploaded: it/) });
  expect(yielded).toBeGreaterThan(moment);
  expect(yielded).toBeLessThanOrEqual(3 * chunkBytes);
}
