import { describe, expect, it } from '@jest/globals';
import { parseErrorBody } from '../../pipe/http/error-body.ts';

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
    ['only a text', { error: 'denied' }, 'denied'],
    ['only a message', { message: 'denied' }, 'denied'],
    ['no errors, but one', { errors: [], error: 'denied' }, 'denied'],
  ])('of %s', (_, body, reason) => {
    expect(parseErrorBody(JSON.stringify(body), json).reason).toBe(reason);
  });

  it.each([
    [
      'plain text',
      'Rate limit for this resource has been exceeded\n',
      'text/plain',
      'Rate limit for this resource has been exceeded',
    ],
    ['plain text of several lines', ' a\r\n\tb\0\u001B[31mc ', '', 'a b [31mc'],
    ['JSON that was cut off', '{"error": {"mess', json, '{"error": {"mess'],
    ['a text that is just short enough', 'x'.repeat(500), 'text/plain', 'x'.repeat(500)],
    ['a long text', 'x'.repeat(501), 'text/plain', `${'x'.repeat(500)}…`],
    ['a long message', JSON.stringify({ error: 'y'.repeat(9000) }), json, `${'y'.repeat(500)}…`],
    ['a web page', '<!DOCTYPE html><html><head><title>\n 502 Bad\n Gateway </title>', 'text/html', '502 Bad Gateway'],
    ['a web page that does not say so', '<HTML lang="en"><TITLE id="t">Log in</TITLE>', '', 'Log in'],
    ['a web page that only says so', 'oops<title>Log in</title>', 'text/html; charset=utf-8', 'Log in'],
  ])('of %s', (_, text, contentType, reason) => {
    expect(parseErrorBody(text, contentType)).toEqual({ reason, requiredScopes: [], grantedScopes: [] });
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
  const { reason, requiredScopes, grantedScopes } = parseErrorBody(text, contentType);
  expect([reason, requiredScopes, grantedScopes]).toEqual([undefined, [], []]);
});

describe('finds the scopes', () => {
  it('that are required and granted', () => {
    const detail = { required: ['repository:write'], granted: ['repository', 'account'] };
    expect(parseErrorBody(withDetail(detail), json)).toEqual({
      reason: 'Your credentials lack one or more required scopes',
      requiredScopes: ['repository:write'],
      grantedScopes: ['repository', 'account'],
    });
  });

  it('and takes nothing else for scopes', () => {
    const { requiredScopes, grantedScopes } = parseErrorBody(withDetail({ required: 'x', granted: [1, 'a'] }), json);
    expect([requiredScopes, grantedScopes]).toEqual([[], ['a']]);
  });
});

function withDetail(detail: unknown): string {
  return JSON.stringify({
    type: 'error',
    error: { message: 'Your credentials lack one or more required scopes', detail },
  });
}
