import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { discard } from '../../pipe/http/answer.ts';
import { bytesBody, concatBodies, type SizedBody } from '../../pipe/io/body.ts';
import { observeBody, readThrough } from '../../pipe/io/observed-body.ts';
import { base64Body } from '../../pipe/destinations/npm/base64-body.ts';
import { testClient } from '../http/test-client.ts';
import { answer, type Reaction, reset, serve } from '../http/test-servers.ts';

const content = Buffer.from('what is sent, and sent again');
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** Like a file on a slow disk: the first opening waits for its second chunk until the second opening has ended. */
function slowAtFirst(): SizedBody & { readonly lateChunks: () => number } {
  const secondIsAtItsEnd = Promise.withResolvers<void>();
  const firstHasGoneOn = Promise.withResolvers<void>();
  let opened = 0;
  let late = 0;
  return {
    length: content.length,
    lateChunks: () => late,
    async *open() {
      const isFirst = ++opened === 1;
      yield content.subarray(0, 10);
      if (isFirst) {
        await secondIsAtItsEnd.promise;
        late++;
        try {
          yield content.subarray(10, 20);
        } finally {
          firstHasGoneOn.resolve();
        }
      } else {
        yield content.subarray(10, 20);
        secondIsAtItsEnd.resolve();
        await firstHasGoneOn.promise;
      }
      yield content.subarray(20);
    },
  };
}

const refuseEarly: Reaction = ({ response }) => {
  response.writeHead(503, { connection: 'close' }).end();
};

describe('an abandoned opening that continues to read', () => {
  const failures: readonly (readonly [string, Reaction])[] = [
    ['reset before the body', reset(0)],
    ['reset in the body', reset(5)],
    ['refused before the body', refuseEarly],
  ];
  const wrappings: readonly (readonly [string, (body: SizedBody) => SizedBody])[] = [
    ['alone', (body) => body],
    ['in a form', (body) => concatBodies([bytesBody('--head'), body, bytesBody('tail--')])],
    ['in base64', base64Body],
  ];

  it.each(failures.flatMap(([how, failure]) => wrappings.map(([place, wrap]) => [how, place, failure, wrap] as const)))(
    '%s, %s: changes neither digest nor progress',
    async (_how, _place, failure, wrap) => {
      await using server = await serve(failure, answer(201));
      await using http = testClient();
      const source = slowAtFirst();
      const hashed = observeBody(source, () => createHash('sha256'));
      const body = wrap(hashed.body);
      const sent: number[] = [];
      const request = { method: 'POST', url: server.url(), accept: [201], body } as const;
      await http.send({ ...request, onSent: (bytes) => sent.push(bytes) }, discard);
      expect(source.lateChunks()).toBe(1);
      expect(hashed.accepted().digest('hex')).toBe(sha256(content));
      const ofTheSecond = sent.slice(sent.lastIndexOf(0));
      expect(ofTheSecond).toEqual([...ofTheSecond].sort((a, b) => a - b));
      expect(ofTheSecond.at(-1)).toBe(body.length);
      expect(server.received[1]?.isComplete).toBe(true);
    },
  );
});

it('accepted throws if no opening was accepted', async () => {
  const hashed = observeBody(bytesBody(content), () => createHash('sha256'));
  for await (const _ of hashed.body.open());
  expect(() => hashed.accepted()).toThrow('no opening of this body was accepted');
});

it('a body that is accepted twice returns the second observer', async () => {
  await using server = await serve(answer(201));
  await using http = testClient();
  let made = 0;
  const numbered = observeBody(bytesBody(content), () => ({ number: ++made, update: () => undefined }));
  for (const number of [1, 2]) {
    await http.send({ method: 'POST', url: server.url(), accept: [201], body: numbered.body }, discard);
    expect(numbered.accepted().number).toBe(number);
  }
});

it('readThrough shows the observer the whole body', async () => {
  const hash = await readThrough(concatBodies([bytesBody('a'), bytesBody('bc')]), createHash('sha256'));
  expect(hash.digest('hex')).toBe(sha256(Buffer.from('abc')));
});
