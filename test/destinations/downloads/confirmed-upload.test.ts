import { describe, expect, it } from '@jest/globals';
import type { Download } from '../../../pipe/destinations/downloads/client.ts';
import { uploadConfirmed } from '../../../pipe/destinations/downloads/confirmed-upload.ts';
import { UnexpectedAnswerError } from '../../../pipe/errors.ts';
import { bytesBody } from '../../../pipe/io/body.ts';
import type { FaultAction } from '../../sandbox/faults.ts';
import { large, usePublishFixture } from './publish-fixture.ts';

const { fixture, write, landed, requests } = usePublishFixture();

const signIn = '<!DOCTYPE html><html><head><title>Sign in</title></head></html>';
const page: FaultAction = { kind: 'status', status: 200, headers: { 'content-type': 'text/html' }, body: signIn };

describe('an answer other than 201, to a file that was not stored', () => {
  it.each<[string, FaultAction, string]>([
    ['a sign-in page', page, 'the server answered 200 with a web page, "Sign in" (text/html)'],
    ['a page with 201', { ...page, status: 201 }, 'the server answered 201 with a web page, "Sign in" (text/html)'],
    [
      'an error',
      { kind: 'status', status: 200, body: '{"type":"error","error":{"message":"Token expired"}}' },
      'the server answered 200 with an error, "Token expired"',
    ],
    ['nothing', { kind: 'status', status: 204, body: '' }, 'the server answered 204, not 201 (Created)'],
    ['other words', { kind: 'status', status: 200, body: 'OK' }, 'the server answered 200, not 201 (Created)'],
  ])('%s fails the run, even if an older download has the same name and size', async (_, action, words) => {
    await write('a.txt', 'new');
    fixture.sandbox.put('a.txt', 'old', new Date(Date.now() - 60_000));
    fixture.sandbox.inject({ method: 'POST', action });
    const { exitCode, output } = await fixture.upload('a.txt');
    expect(exitCode).toBe(1);
    expect(output).toContain('✖ a.txt: ');
    expect(output).toContain(words);
    expect(output).toContain('and the file is not in the listing');
    expect(output).toContain('What to do: Something other than the server may have answered: check that API_URL');
    expect(output).toContain('a.txt: NOT published');
    expect(requests('POST')).toBe(1);
    expect(output).not.toContain('✔');
  });

  it('a sign-in page sent before the file was read fails the run at once', async () => {
    await write('large.bin', large);
    fixture.sandbox.inject({ method: 'POST', action: { ...page, when: 'early' } });
    const { exitCode, output } = await fixture.upload('large.bin');
    expect(exitCode).toBe(1);
    expect(output).toContain('a web page, "Sign in"');
    expect(requests('POST')).toBe(1);
  });

  it('applies to SHA256SUMS, too', async () => {
    await write('a.txt');
    fixture.sandbox.inject({ method: 'POST', skip: 1, action: page });
    const { exitCode, output } = await fixture.upload('a.txt', '--checksums');
    expect(exitCode).toBe(1);
    expect(output).toContain('SHA256SUMS: NOT published');
    expect(output).toContain('a.txt: published');
  });

  it('leaves the upload unconfirmed if the listing cannot be read', async () => {
    await write('a.txt');
    fixture.sandbox.inject({ method: 'POST', action: page });
    fixture.sandbox.inject({ method: 'GET', action: { kind: 'status', status: 403 } });
    const { exitCode, output } = await fixture.upload('a.txt');
    expect(exitCode).toBe(1);
    expect(output).toContain('WARNING: Could not check whether a.txt was stored anyway: GET');
    expect(output).toContain('a.txt: sent, but not confirmed by the server');
  });
});

describe('an answer other than 201, to a file that was stored', () => {
  it.each<[string, FaultAction]>([
    ['200', { kind: 'other-status', status: 200 }],
    ['204', { kind: 'other-status', status: 204 }],
    ['a page', { kind: 'other-status', status: 200, page: signIn }],
    ['a page with 201', { kind: 'other-status', status: 201, page: signIn }],
  ])('%s is a success, with a warning', async (_, action) => {
    const sha256 = await write('a.txt', 'new');
    fixture.sandbox.put('a.txt', 'old', new Date(Date.now() - 60_000));
    fixture.sandbox.inject({ method: 'POST', action });
    const { exitCode, output } = await fixture.upload('a.txt', '--output', 'result.json');
    expect(output).toContain('but the file is in the listing');
    expect(output).toContain(`a.txt: uploaded, 3 B, sha256 ${sha256}`);
    expect(exitCode).toBe(0);
    expect(landed()).toEqual({ 'a.txt': sha256 });
  });

  it('waits for the file to appear if only the status is unusual', async () => {
    await write('a.txt');
    fixture.sandbox.inject({ method: 'POST', action: { kind: 'other-status', status: 202 } });
    fixture.sandbox.inject({
      method: 'GET',
      times: 2,
      action: { kind: 'status', status: 200, headers: { 'content-type': 'application/json' }, body: '{"values":[]}' },
    });
    expect((await fixture.upload('a.txt')).exitCode).toBe(0);
    expect(requests('GET')).toBe(3);
  });
});

describe('a refusal', () => {
  it('is not a success because an earlier file of this name is as large, and as new', async () => {
    await write('a.txt', 'aaaa');
    await fixture.upload('a.txt');
    await write('a.txt', 'bbbb');
    fixture.sandbox.inject({ method: 'POST', action: { kind: 'status', status: 400 } });
    const { exitCode, output } = await fixture.upload('a.txt', '--verify');
    expect([exitCode, output]).toEqual([1, expect.stringContaining('a.txt: NOT published')]);
    expect(output).not.toContain('Verified');
  });

  it.each([
    [409, 'a.txt: sent, but not confirmed by the server'],
    [403, 'a.txt: NOT published'],
  ])('with %d, if nobody can see what is there: %s', async (status, line) => {
    await write('a.txt');
    fixture.sandbox.inject({ method: 'POST', action: { kind: 'other-status', status } });
    fixture.sandbox.inject({ method: 'GET', action: { kind: 'status', status: 403 } });
    const { exitCode, output } = await fixture.upload('a.txt');
    expect([exitCode, output]).toEqual([1, expect.stringContaining(line)]);
  });
});

describe('what is confirmed', () => {
  const page = new UnexpectedAnswerError('a page', { status: 200, isForeign: true });
  const download = { name: 'a', size: 1, createdUs: 0, ageMs: 0 };

  it.each<[string, Error | undefined, readonly Download[], 'accepted' | Error]>([
    ['an upload that is answered with 201', undefined, [], 'accepted'],
    ['an upload that is listed', page, [download], 'accepted'],
    ['not one of another name', page, [{ ...download, name: 'b' }], page],
    ['not one of another size', page, [{ ...download, size: 2 }], page],
    ['not one from before', page, [{ ...download, ageMs: 60_000 }], page],
    ['not one of an unknown time', page, [{ ...download, ageMs: undefined }], page],
  ])('is %s', async (_, failure, listed, expected) => {
    const client = {
      upload: async () => await (failure === undefined ? Promise.resolve() : Promise.reject(failure)),
      list: async () => await Promise.resolve(listed),
      read: async () => await Promise.reject(new Error('it is not read')),
    };
    const log = { warning: () => undefined, debug: () => undefined };
    const patience = { baseMs: 1, limitMs: 1, sleep: async () => await Promise.resolve() };
    const upload = uploadConfirmed('a', bytesBody('1'), () => undefined, { client, log, patience });
    if (typeof expected === 'string') expect(await upload).toBe(expected);
    else await expect(upload).rejects.toMatchObject({ isMissing: true, cause: expected });
  });
});
