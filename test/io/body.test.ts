import { describe, expect, it } from '@jest/globals';
import { type SizedBody, bytesBody, concatBodies } from '../../pipe/io/body.ts';

async function chunksOf(body: SizedBody): Promise<readonly string[]> {
  const chunks: string[] = [];
  for await (const chunk of body.open()) chunks.push(Buffer.from(chunk).toString());
  return chunks;
}

describe('bytesBody', () => {
  it.each<[string, Uint8Array | string, number, readonly string[]]>([
    ['a text, in UTF-8', 'aé漢', 6, ['aé漢']],
    ['bytes', Buffer.from('ab'), 2, ['ab']],
    ['nothing', '', 0, []],
    ['no bytes', new Uint8Array(), 0, []],
  ])('holds %s', async (_, bytes, length, chunks) => {
    const body = bytesBody(bytes);
    expect([body.length, await chunksOf(body), await chunksOf(body)]).toEqual([length, chunks, chunks]);
  });
});

describe('concatBodies', () => {
  it('yields each part in turn, every time it is opened', async () => {
    const body = concatBodies([bytesBody('a'), bytesBody(''), concatBodies([bytesBody('bc')]), bytesBody('d')]);
    expect([body.length, await chunksOf(body), await chunksOf(body)]).toEqual([4, ['a', 'bc', 'd'], ['a', 'bc', 'd']]);
  });

  it('is empty without parts', async () => {
    expect([concatBodies([]).length, await chunksOf(concatBodies([]))]).toEqual([0, []]);
  });

  it('opens a part only when its turn comes, and closes the one that is abandoned', async () => {
    const events: string[] = [];
    const part = (name: string): SizedBody => ({
      length: 2,
      async *open() {
        events.push(`open ${name}`);
        try {
          yield Buffer.from('x');
          yield Buffer.from('y');
        } finally {
          events.push(`close ${name}`);
        }
      },
    });
    let count = 0;
    for await (const _ of concatBodies([part('a'), part('b'), part('c')]).open()) if (++count === 3) break;
    expect(events).toEqual(['open a', 'close a', 'open b', 'close b']);
  });
});
