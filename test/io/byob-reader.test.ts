import { describe, expect, it } from '@jest/globals';
import { readerOf } from '../../pipe/io/byob-reader.ts';

interface Watched {
  readonly chunks: AsyncIterable<Uint8Array>;
  asked(): number;
  isLetGo(): boolean;
}

function watched(...parts: readonly string[]): Watched {
  let asked = 0;
  let isLetGo = false;
  async function* yieldAll(): AsyncGenerator<Uint8Array> {
    try {
      for (const part of parts) {
        asked++;
        yield Buffer.from(part);
      }
    } finally {
      isLetGo = true;
    }
  }
  return { chunks: yieldAll(), asked: () => asked, isLetGo: () => isLetGo };
}

describe('readerOf', () => {
  it('fills buffers from chunks of any length, and partly only at the end', async () => {
    const reader = readerOf(watched('ab', '', 'c', 'defghij', 'k').chunks);
    const target = Buffer.alloc(4);
    const pieces: string[] = [];
    for (let length = await reader.read(target); length > 0; length = await reader.read(target))
      pieces.push(target.toString('latin1', 0, length));
    expect(pieces).toEqual(['abcd', 'efgh', 'ijk']);
    expect(await reader.read(target)).toBe(0);
  });

  it('requests no more chunks than fit', async () => {
    const source = watched('ab', 'cd', 'ef');
    await readerOf(source.chunks).read(Buffer.alloc(4));
    expect(source.asked()).toBe(2);
  });

  it('closes the source when it is closed', async () => {
    const source = watched('ab', 'cd');
    const reader = readerOf(source.chunks);
    await reader.read(Buffer.alloc(1));
    expect(source.isLetGo()).toBe(false);
    await reader.close();
    expect(source.isLetGo()).toBe(true);
  });

  it('waits until the source is closed, and fails if it cannot be', async () => {
    let isClosed = false;
    async function* closing(failure?: Error): AsyncGenerator<Uint8Array> {
      try {
        yield Buffer.from('ab');
      } finally {
        await new Promise(setImmediate);
        isClosed = true;
        if (failure !== undefined) await Promise.reject(failure);
      }
    }
    const reader = readerOf(closing());
    await reader.read(Buffer.alloc(1));
    await reader.close();
    expect(isClosed).toBe(true);
    const broken = readerOf(closing(new Error('not closed')));
    await broken.read(Buffer.alloc(1));
    await expect(broken.close()).rejects.toThrow('not closed');
  });

  it('fails if its source fails', async () => {
    async function* failing(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('ab');
      throw new Error('gone');
    }
    const reader = readerOf(failing());
    expect(await reader.read(Buffer.alloc(2))).toBe(2);
    await expect(reader.read(Buffer.alloc(2))).rejects.toThrow('gone');
  });
});
