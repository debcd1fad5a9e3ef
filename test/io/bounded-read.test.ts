import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { peek, readStart, readWhole } from '../../pipe/io/bounded-read.ts';

interface Source extends AsyncIterable<Uint8Array> {
  /** How many chunks were requested. */
  asked: number;
  isClosed: boolean;
}

/** @param chunks the chunks to yield; an error among them is thrown */
function sourceOf(...chunks: readonly (string | Error)[]): Source {
  async function* bytes(): AsyncGenerator<Uint8Array> {
    try {
      for (const chunk of chunks) {
        source.asked++;
        if (chunk instanceof Error) throw chunk;
        yield Buffer.from(chunk);
      }
    } finally {
      source.isClosed = true;
    }
  }
  const iterator = bytes();
  const source: Source = { asked: 0, isClosed: false, [Symbol.asyncIterator]: () => iterator };
  return source;
}

/** Reads every chunk into the same memory, as files are read. */
async function* inOneBuffer(...chunks: readonly string[]): AsyncGenerator<Uint8Array> {
  const buffer = Buffer.alloc(10);
  for (const chunk of chunks) yield buffer.subarray(0, buffer.write(chunk));
}

async function textOf(bytes: AsyncIterable<Uint8Array>): Promise<string> {
  let text = '';
  for await (const chunk of bytes) text += Buffer.from(chunk).toString();
  return text;
}

describe('readWhole', () => {
  it('reads one long document at a time, and short ones beside it', async () => {
    const long = 'x'.repeat(300_000);
    const begun: string[] = [];
    const rest = Promise.withResolvers<void>();
    async function* inParts(name: string): AsyncGenerator<Uint8Array> {
      yield Buffer.from(long);
      begun.push(name);
      await rest.promise;
      yield Buffer.from(name);
    }
    const reading = ['a', 'b', 'c'].map((name) => readWhole(inParts(name), 1_000_000));
    expect((await readWhole(sourceOf('short'), 10))?.toString()).toBe('short');
    await setImmediate();
    expect(begun).toEqual(['a']);
    rest.resolve();
    expect((await Promise.all(reading)).map((bytes) => bytes?.toString())).toEqual(
      ['a', 'b', 'c'].map((name) => long + name),
    );
  });

  it('lets the next long document be read after one that fails, or is too long', async () => {
    const long = 'x'.repeat(300_000);
    await expect(readWhole(sourceOf(long, new Error('broken')), 1_000_000)).rejects.toThrow('broken');
    expect(await readWhole(sourceOf(long, long), 500_000)).toBeUndefined();
    expect((await readWhole(sourceOf(long), 500_000))?.length).toBe(300_000);
  });

  it.each<[readonly string[], number, string | undefined, number]>([
    [[], 0, '', 0],
    [[''], 0, '', 1],
    [['a'], 0, undefined, 1],
    [['ab', 'cd'], 4, 'abcd', 2],
    [['ab', '', 'cd'], 100, 'abcd', 3],
    [['ab', 'cde', 'f', 'g'], 4, undefined, 2],
  ])('of %j, at most %d bytes: %j', async (chunks, maxBytes, expected, asked) => {
    const source = sourceOf(...chunks);
    expect((await readWhole(source, maxBytes))?.toString()).toBe(expected);
    expect([source.asked, source.isClosed]).toEqual([asked, true]);
  });

  it('fails with a source that breaks off', async () => {
    await expect(readWhole(sourceOf('a', new Error('cut')), 100)).rejects.toThrow('cut');
  });

  it('copies chunks, which a source may overwrite', async () => {
    expect((await readWhole(inOneBuffer('ab', 'cd', 'ef'), 6))?.toString()).toBe('abcdef');
  });
});

describe('readStart', () => {
  it.each<[readonly (string | Error)[], string, number]>([
    [[], '', 0],
    [['ab', 'c'], 'abc', 2],
    [['ab', 'cd', 'ef'], 'abcd', 2],
    [['ab', 'cdef', 'g'], 'abcd', 2],
    [['ab', new Error('cut')], 'ab', 2],
    [[new Error('cut')], '', 1],
  ])('of %j, at most 4 bytes: %j', async (chunks, expected, asked) => {
    const source = sourceOf(...chunks);
    expect((await readStart(source, 4)).toString()).toBe(expected);
    expect([source.asked, source.isClosed]).toEqual([asked, true]);
  });
});

describe('peek', () => {
  it.each<[readonly string[], string, number]>([
    [[], '', 0],
    [['ab', 'c'], 'abc', 2],
    [['ab', 'cd', 'ef'], 'abcd', 2],
    [['ab', 'cdef', 'g', 'h'], 'abcd', 2],
  ])('of %j, at most 4 bytes: %j, and all of it later', async (chunks, start, asked) => {
    const source = sourceOf(...chunks);
    const peeked = await peek(source, 4);
    expect([peeked.start.toString(), source.asked]).toEqual([start, asked]);
    expect(await textOf(peeked.body)).toBe(chunks.join(''));
    expect(source.isClosed).toBe(true);
  });

  it('closes the source if its rest is not read to the end', async () => {
    const [first, second] = [sourceOf('abcd', 'e', 'f'), sourceOf('abcd', 'e', 'f')];
    await (await peek(first, 4)).close();
    expect([first.asked, first.isClosed]).toEqual([1, true]);
    for await (const chunk of (await peek(second, 4)).body) if (Buffer.from(chunk).toString() === 'e') break;
    expect([second.asked, second.isClosed]).toEqual([2, true]);
    const third = sourceOf('abcd', 'e');
    for await (const _ of (await peek(third, 4)).body) break;
    expect([third.asked, third.isClosed]).toEqual([1, true]);
  });

  it('fails with a source that breaks off, at once or later', async () => {
    await expect(peek(sourceOf('a', new Error('cut')), 4)).rejects.toThrow('cut');
    const { body } = await peek(sourceOf('abcd', new Error('cut')), 4);
    await expect(textOf(body)).rejects.toThrow('cut');
  });
});
