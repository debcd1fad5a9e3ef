import { describe, expect, it } from '@jest/globals';
import {
  FileChangedError,
  HttpError,
  InputError,
  NetworkError,
  PipeError,
  type Refusal,
  StalledError,
  StoppedError,
  VerificationError,
} from '../pipe/errors.ts';

const refusal: Refusal = {
  method: 'POST',
  url: 'https://host/x',
  status: 403,
  reason: 'Forbidden',
  codes: [],
  details: [],
  requiredScopes: [],
  grantedScopes: [],
};

describe('every error is a PipeError with its own name', () => {
  it.each([
    [new PipeError('m'), 'PipeError'],
    [new InputError('m'), 'InputError'],
    [new FileChangedError('m'), 'FileChangedError'],
    [new VerificationError('m'), 'VerificationError'],
    [new HttpError(refusal), 'HttpError'],
    [new NetworkError('m', 'ECONNRESET'), 'NetworkError'],
    [new StalledError('m'), 'StalledError'],
    [new StoppedError('SIGTERM'), 'StoppedError'],
  ])('%p', (error, name) => {
    expect(error).toBeInstanceOf(PipeError);
    expect(error.name).toBe(name);
    expect(String(error)).toBe(`${name}: ${error.message}`);
  });
});

describe("an HttpError's message has the request and the server's reason", () => {
  it.each<[Partial<Refusal>, string]>([
    [{}, 'POST https://host/x: 403 Forbidden'],
    [{ requestId: 'abc' }, 'POST https://host/x: 403 Forbidden (request id abc)'],
    [{ subject: 'app.zip' }, 'app.zip: POST https://host/x: 403 Forbidden'],
  ])('%j', (given, message) => {
    const error = new HttpError({ ...refusal, ...given });
    expect(error.message).toBe(message);
    expect(error.refusal).toEqual({ ...refusal, ...given });
  });
});

it('a NetworkError has a code, and keeps its cause', () => {
  const cause = new Error('cause');
  expect(new NetworkError('m', 'EPIPE', { cause })).toMatchObject({ code: 'EPIPE', cause });
});

it('a StoppedError names its signal', () => {
  expect(new StoppedError('SIGINT')).toMatchObject({ message: 'Stopped by SIGINT', signal: 'SIGINT' });
});

describe('a message is printable, whatever it quotes', () => {
  it.each([
    ['a\n✔ done', String.raw`a\n✔ done`],
    ['\u001B[2J\u009B1A\u202Ea', String.raw`\u001b[2J\u009b1A\u202ea`],
    [['two lines', 'of which\rone is forged'], 'two lines\nof which\\rone is forged'],
  ])('%j', (given, message) => {
    expect(new PipeError(given).message).toBe(message);
    expect(new InputError(given).message).toBe(message);
  });

  it('of an HttpError, too', () => {
    const error = new HttpError({ ...refusal, subject: 'a\nb', reason: 'c\u0085d', requestId: '\u009B1A' });
    expect(error.message).toBe(String.raw`a\nb: POST https://host/x: 403 c\u0085d (request id \u009b1A)`);
  });
});
