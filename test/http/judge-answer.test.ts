import { describe, expect, it } from '@jest/globals';
import { UnexpectedAnswerError } from '../../pipe/errors.ts';
import { readText } from '../../pipe/http/answer.ts';
import { bytesBody } from '../../pipe/io/body.ts';
import { describeForeign } from '../../pipe/http/judge-answer.ts';
import { createSecrets } from '../../pipe/toolkit/scrub.ts';
import type { HttpRequest } from '../../pipe/http/send.ts';
import { patternBody, testClient } from './test-client.ts';
import { answer, type Reaction, serve, type TestServer } from './test-servers.ts';

const signIn = '<!DOCTYPE html><html><head><title>Sign in\n – Contoso</title></head></html>';
const html = { 'content-type': 'text/html; charset=utf-8' };

describe('describeForeign', () => {
  const scrub = createSecrets(['hunter2hunt']).scrub;

  it('removes secrets before it cuts', () => {
    const page = Buffer.from(`<html><title>${'x'.repeat(494)} hunter2hunt</title>`);
    expect(describeForeign(page, '', scrub)).toBe(`a web page, "${'x'.repeat(494)} ***"`);
    const error = Buffer.from(JSON.stringify({ error: 'you sent hunter2hunt' }));
    expect(describeForeign(error, '', scrub)).toBe('an error, "you sent ***"');
  });

  it.each([
    ['a page', signIn, 'text/html', 'a web page, "Sign in – Contoso"'],
    ['a page without a title', '<html></html>', '', 'a web page'],
    ['a page under another type', signIn, 'application/json', 'a web page, "Sign in – Contoso"'],
    ['XHTML', `<?xml version="1.0"?>\n${signIn}`, 'application/xml', 'a web page, "Sign in – Contoso"'],
    ["Bitbucket's error", '{"type":"error","error":{"message":"Nope"}}', '', 'an error, "Nope"'],
    ['an error alone', '{"error":"Nope"}', 'application/json', 'an error, "Nope"'],
    ["a registry's errors", '{"errors":[{"code":"DENIED","message":"no"}]}', '', 'an error, "DENIED: no"'],
    ['a status in the body', '{"status":401,"message":"Who are you?"}', '', 'an error, "Who are you?"'],
    ['no success', '{"success":false}', '', 'an error'],
    ['not ok', '{"ok":false}', '', 'an error'],
  ])('%s', (_, text, contentType, expected) => {
    expect(describeForeign(Buffer.from(text), contentType, scrub)).toBe(expected);
  });

  it.each([
    ['nothing', ' ', 'text/html'],
    ["npm's words", '{"ok":"created new package","success":true}', 'application/json'],
    ["CouchDB's", '{"ok":true,"id":"lib","rev":"1-0"}', 'text/html'],
    ['a number that is not the status of a failure', '{"status":600,"statusCode":399}', ''],
    ["Artifactory's", '{"repo":"r","path":"/a.jar","checksums":{"sha1":"…"},"status":200}', ''],
    ['no errors', '{"error":null,"errors":[],"success":true}', ''],
    ['a word', 'OK', 'text/plain'],
    ['a list', '[]', 'application/json'],
    ['JSON that is cut off', '{"error":"No', 'application/json'],
    ["Maven's metadata", '<?xml version="1.0"?><metadata/>', 'application/xml'],
  ])('accepts %s', (_, text, contentType) => {
    expect(describeForeign(Buffer.from(text), contentType, scrub)).toBeUndefined();
  });
});

describe('an answer whose status is accepted', () => {
  async function send(reaction: Reaction, given: Partial<HttpRequest> = {}): Promise<[unknown, TestServer]> {
    await using server = await serve(reaction);
    await using http = testClient();
    const request = { subject: 'a.zip', method: 'POST', url: server.url('/x'), accept: [200, 201, 404] } as const;
    const sending = http.send({ ...request, ...given }, (got) => readText(got, 1_000_000));
    return [await sending.catch((error: unknown) => error), server];
  }

  it('fails without a retry if it is a web page, and quotes it', async () => {
    const [error, server] = await send(answer(200, signIn, html), { body: bytesBody('x') });
    expect(error).toBeInstanceOf(UnexpectedAnswerError);
    expect(error).toMatchObject({
      message: `a.zip: POST ${server.origin}/x: the server answered 200 with a web page, "Sign in – Contoso" (text/html)`,
      status: 200,
      isForeign: true,
    });
    expect(server.received).toHaveLength(1);
  });

  it('fails at once if it is a web page that arrives before the body has been sent', async () => {
    const early: Reaction = ({ response }) => {
      response.writeHead(200, { ...html, connection: 'close' }).end(signIn);
    };
    const [error, server] = await send(early, { body: patternBody(30 * 1024 * 1024) });
    expect(error).toMatchObject({ name: 'UnexpectedAnswerError', status: 200 });
    expect(server.received).toHaveLength(1);
  });

  it('fails if it is a web page instead of a document', async () => {
    const [error] = await send(answer(200, signIn, html), { method: 'GET' });
    expect(error).toMatchObject({ name: 'UnexpectedAnswerError' });
  });

  it.each<[string, Reaction, Partial<HttpRequest>, string]>([
    ['content that is a page', answer(200, signIn, html), { method: 'GET', answersContent: true }, signIn],
    ['a refusal that is accepted', answer(404, signIn, html), { method: 'GET' }, signIn],
    ['a page of nothing', answer(201, '', html), {}, ''],
    ['a long document', answer(200, `[${'1,'.repeat(200_000)}1]`), { method: 'GET' }, `[${'1,'.repeat(200_000)}1]`],
  ])('%s is read whole', async (_, reaction, given, expected) => {
    expect((await send(reaction, given))[0]).toBe(expected);
  });
});
