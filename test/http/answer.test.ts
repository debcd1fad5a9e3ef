import { describe, expect, it } from '@jest/globals';
import { PipeError, UnexpectedAnswerError } from '../../pipe/errors.ts';
import { type Answer, discard, parseAnswer, readJson, readText } from '../../pipe/http/answer.ts';

/** An answer whose body arrives in these chunks; `read` is the number of chunks requested. */
function answerOf(...chunks: readonly (string | Uint8Array)[]): Answer & { read: number } {
  async function* body(): AsyncGenerator<Uint8Array> {
    for (const chunk of chunks) {
      answer.read++;
      yield Buffer.from(chunk);
    }
  }
  const answer = {
    status: 200,
    url: new URL('https://user:secret@host:8443/path?token=secret'),
    header: () => undefined,
    headerValues: () => [],
    body: body(),
    read: 0,
  };
  return answer;
}

describe('readText', () => {
  it('joins the chunks, even inside a character', async () => {
    const bytes = Buffer.from('aé漢🎉');
    const chunks = Array.from(bytes, (byte) => Uint8Array.of(byte));
    expect(await readText(answerOf(...chunks), bytes.length)).toBe('aé漢🎉');
    expect(await readText(answerOf(), 0)).toBe('');
  });

  it('stops reading at the limit', async () => {
    const answer = answerOf('1234', '5', '6', '7');
    const reading = readText(answer, 4);
    await expect(reading).rejects.toThrow(PipeError);
    await expect(reading).rejects.toThrow('the answer from host:8443 is longer than 4 bytes');
    expect(answer.read).toBe(2);
  });
});

describe('a compressed answer', () => {
  const compressed = (): Answer => ({
    ...answerOf(Uint8Array.of(31, 139, 8)),
    header: (name) => (name === 'content-encoding' ? 'gzip' : undefined),
  });
  const words = 'answered 200 with a body in the encoding gzip, which was not asked for';

  it('is an error that says so', async () => {
    await expect(readJson(compressed(), 100)).rejects.toThrow(words);
    await expect(readText(compressed(), 100)).rejects.toThrow(UnexpectedAnswerError);
    expect(() => parseAnswer(compressed(), Buffer.from('{}'), 'a listing', () => true)).toThrow(words);
  });
});

describe('readJson', () => {
  it('parses JSON', async () => {
    expect(await readJson(answerOf('{"a":', '[1]}'), 100)).toEqual({ a: [1] });
  });

  it('names the server that answered with something else, and keeps the cause', async () => {
    const error: unknown = await readJson(answerOf('<html>secret'), 100).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(UnexpectedAnswerError);
    expect(error).toMatchObject({
      message:
        "https://host:8443/path?token=*** answered 200 with something that is not JSON: it is not valid JSON: Unexpected token '<'",
      status: 200,
      isForeign: true,
      cause: { name: 'InputError' },
    });
  });

  it('fails beyond the limit', async () => {
    await expect(readJson(answerOf('[1, 2]'), 5)).rejects.toThrow('longer than 5 bytes');
  });
});

it('discard reads the body to its end', async () => {
  const answer = answerOf('1', '2', '3');
  await discard(answer);
  expect(answer.read).toBe(3);
});
