import { describe, expect, it } from '@jest/globals';
import { type ErrorBody, maxErrorBytes, parseErrorBody } from '../../pipe/http/error-body.ts';
import { createSecrets } from '../../pipe/toolkit/scrub.ts';
import { findLeaks } from '../leaks.ts';
import { tokens } from '../sandbox/tokens.ts';
import { waysToWrite } from '../ways-to-write.ts';

const json = 'application/json; charset=utf-8';

describe("finds the server's reason", () => {
  it.each([
    ['Bitbucket', { type: 'error', error: { message: 'No such repo' } }, 'No such repo'],
    [
      'Bitbucket, with a detail',
      { type: 'error', error: { message: 'Bad request', detail: 'files is missing' } },
      'Bad request: files is missing',
    ],
    [
      'Bitbucket, with fields',
      { type: 'error', error: { message: 'Bad request', fields: { name: ['too long', 'no slash'], size: 'too big' } } },
      'Bad request: name: too long no slash: size: too big',
    ],
    ['a registry', { errors: [{ code: 'DENIED', message: 'no access' }, { code: 'X' }] }, 'DENIED: no access'],
    ['a registry, only a code', { errors: [{ code: 'DENIED' }] }, 'DENIED'],
    ['a registry, texts', { errors: ['denied'] }, 'denied'],
    ['only a string', { error: 'denied' }, 'denied'],
    ['only a message', { message: 'denied' }, 'denied'],
    ['no errors, but one', { errors: [], error: 'denied' }, 'denied'],
  ])('of %s', (_, body, reason) => {
    expect(parse(JSON.stringify(body), json).reason).toBe(reason);
  });

  it.each([
    [
      'plain text',
      'Rate limit for this resource has been exceeded\n',
      'text/plain',
      'Rate limit for this resource has been exceeded',
    ],
    ['plain text of several lines', ' a\r\n\tb\0\u001B[31mc ', '', 'a b c'],
    ['JSON that was cut off', '{"error": {"mess', json, '{"error": {"mess'],
    ['a text that is just short enough', 'x'.repeat(500), 'text/plain', 'x'.repeat(500)],
    ['a long text', 'x'.repeat(501), 'text/plain', `${'x'.repeat(500)}…`],
    ['a long message', JSON.stringify({ error: 'y'.repeat(9000) }), json, `${'y'.repeat(500)}…`],
    ['a web page', '<!DOCTYPE html><html><head><title>\n 502 Bad\n Gateway </title>', 'text/html', '502 Bad Gateway'],
    ['a web page that does not say so', '<HTML lang="en"><TITLE id="t">Log in</TITLE>', '', 'Log in'],
    ['a web page that only says so', 'oops<title>Log in</title>', 'text/html; charset=utf-8', 'Log in'],
  ])('of %s', (_, text, contentType, reason) => {
    expect(parse(text, contentType)).toEqual({
      reason,
      codes: [],
      details: [],
      requiredScopes: [],
      grantedScopes: [],
    });
  });
});

it.each([
  ['nothing', '', json],
  ['white space', ' \n', 'text/plain'],
  ['a web page without a title', '<html><body>secret', 'text/html'],
  ['a web page with an empty title', '<html><title></title>', 'text/html'],
  ['an empty object', '{}', json],
  ['an error that is no error', '{"error": 5}', json],
  ['an error without a message', '{"error": {"fields": []}}', json],
  ['an error of nothing', '{"error": null, "errors": [null]}', json],
])('finds no reason in %s', (_, text, contentType) => {
  const { reason, requiredScopes, grantedScopes } = parse(text, contentType);
  expect([reason, requiredScopes, grantedScopes]).toEqual([undefined, [], []]);
});

describe('reads the scopes', () => {
  it('required and granted', () => {
    const detail = { required: ['repository:write'], granted: ['repository', 'account'] };
    expect(parse(withDetail(detail), json)).toEqual({
      reason: 'Your credentials lack one or more required scopes',
      codes: [],
      details: [],
      requiredScopes: ['repository:write'],
      grantedScopes: ['repository', 'account'],
    });
  });

  it('and ignores values of other types', () => {
    const { requiredScopes, grantedScopes } = parse(withDetail({ required: 'x', granted: [1, 'a'] }), json);
    expect([requiredScopes, grantedScopes]).toEqual([[], ['a']]);
  });
});

describe('keeps codes and details as data', () => {
  const digest = `sha256:${'a'.repeat(64)}`;

  it.each([
    [
      'of every error, in order',
      [{ code: 'DENIED', message: 'no' }, { code: 'MANIFEST_BLOB_UNKNOWN', detail: digest }, { message: 'and this' }],
      ['DENIED', 'MANIFEST_BLOB_UNKNOWN'],
      ['no', digest, 'and this'],
    ],
    [
      'a detail that is not a string, as JSON',
      [{ code: 'MANIFEST_BLOB_UNKNOWN', message: '', detail: { digest } }],
      ['MANIFEST_BLOB_UNKNOWN'],
      [`{"digest":"${digest}"}`],
    ],
    ['whole, however long', [{ code: 'X', message: 'm'.repeat(9000) }], ['X'], ['m'.repeat(9000)]],
    ['and nothing else', ['DENIED', null, 5, [], { code: 5, message: null }, {}], [], []],
  ])('%s', (_, errors, codes, details) => {
    expect(parse(JSON.stringify({ errors }), json)).toMatchObject({ codes, details });
  });

  it.each([
    ['another shape', '{"type":"error","error":{"code":"DENIED","message":"no"}}', json],
    ['plain text', 'MANIFEST_UNKNOWN', 'text/plain'],
  ])('and has none for %s', (_, text, contentType) => {
    expect(parse(text, contentType)).toMatchObject({ codes: [], details: [] });
  });

  it('without secrets', () => {
    const errors = [{ code: 'hunter2hunt', message: 'of hunter2hunt', detail: { password: 'hunter2hunt' } }];
    const { codes, details } = parseErrorBody(
      Buffer.from(JSON.stringify({ errors })),
      json,
      createSecrets(['hunter2hunt']).scrub,
    );
    expect(findLeaks(JSON.stringify([codes, details]), 'hunter2hunt')).toEqual([]);
  });
});

describe('removes secrets before it cuts', () => {
  const { apiToken } = tokens;
  const scrub = createSecrets([apiToken]).scrub;
  const filler = 'some words, '.repeat(60);

  const shapes = [
    (text: string) => [text, 'text/plain'],
    (text: string) => [JSON.stringify({ error: { message: text } }), json],
    (text: string) => [`<title>${text}</title>`, 'text/html'],
  ] as const;

  it.each(waysToWrite(apiToken))('%s, at the end of a reason', (_, written) => {
    for (let part = 0; part < 9; part++) {
      const shown = Math.floor((Math.min(499, written.length) * part) / 8);
      const shape = shapes[part % shapes.length] ?? shapes[0];
      const [body = '', type = ''] = shape(`${filler.slice(0, 499 - shown)} ${written} and more`);
      const { reason } = parseErrorBody(Buffer.from(body), type, scrub);
      expect({ reason, leaks: findLeaks(reason ?? '', apiToken) }).toMatchObject({ leaks: [] });
    }
  });

  it.each([2, 9, 17])('if the body is truncated %i bytes into a secret', (shown) => {
    // The rest of the body is white space, which a reason does not show.
    const secret = 'hunter2hunt';
    const body = `${' '.repeat(maxErrorBytes - shown)}${Buffer.from(secret).toString('hex')}`;
    const read = Buffer.from(body).subarray(0, maxErrorBytes);
    expect(parseErrorBody(read, 'text/plain', createSecrets([secret]).scrub).reason).toBeUndefined();
  });

  it('ignores a field whose problem is not a string', () => {
    // JSON may name a property as a method of objects.
    const error = { message: 'Bad', fields: { a: { toString: 1, valueOf: 1 }, b: ['c', { toString: null }, 'd'] } };
    expect(parse(JSON.stringify({ error }), '').reason).toBe('Bad: b: c d');
  });

  it('keeps the beginning of a truncated body', () => {
    const body = Buffer.from(`Bad request of ${apiToken}. ${'x'.repeat(maxErrorBytes)}`);
    expect(parseErrorBody(body, 'text/plain', scrub).reason).toMatch(/^Bad request of \*\*\*\. x+…$/);
  });
});

function parse(text: string, contentType: string): ErrorBody {
  return parseErrorBody(Buffer.from(text), contentType, createSecrets([]).scrub);
}

function withDetail(detail: unknown): string {
  return JSON.stringify({
    type: 'error',
    error: { message: 'Your credentials lack one or more required scopes', detail },
  });
}
