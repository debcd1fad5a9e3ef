import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readAuthorities } from '../../pipe/http/authorities.ts';
import type { Environment } from '../../pipe/toolkit/environment.ts';
import { Problems } from '../../pipe/toolkit/problems.ts';
import { problemMap } from '../toolkit/problem-map.ts';
import { selfSigned } from './certificates.ts';

const [one, other] = [selfSigned(['one']).cert.trim(), selfSigned(['other']).cert.trim()];
let directory = '';
const at = (name: string): string => join(directory, name);

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'authorities-'));
  await writeFile(at('one.pem'), `# Ours\n${one}\n`);
  await writeFile(at('two.pem'), `${one}\n${other}\n`);
  await writeFile(at('none.pem'), 'no certificate');
  await writeFile(at('damaged.pem'), one.replaceAll(/[a-z]/g, 'A'));
});
afterAll(async () => await rm(directory, { recursive: true }));

async function read(
  env: Environment,
): Promise<readonly [readonly string[], Readonly<Record<string, readonly string[]>>]> {
  const problems = new Problems();
  const authorities = await readAuthorities(env, problems);
  return [authorities, problemMap(problems.toString())];
}

describe.each(['NODE_EXTRA_CA_CERTS', 'REQUESTS_CA_BUNDLE', 'SSL_CERT_FILE'])('%s', (name) => {
  it('names the certificates of authorities', async () => {
    expect(await read({ [name]: at('one.pem') })).toEqual([[one], {}]);
    expect(await read({ [name]: at('two.pem') })).toEqual([[one, other], {}]);
  });

  it.each([
    ['none.pem', /none\.pem has no certificate in the PEM format$/],
    ['damaged.pem', /damaged\.pem has a certificate that is not valid: /],
    ['missing.pem', /missing\.pem cannot be read \(ENOENT\): name a PEM file inside the clone$/],
  ])('must not name %s', async (file, problem) => {
    const [, problems] = await read({ [name]: at(file) });
    expect(problems).toEqual({ [name]: [expect.stringMatching(problem)] });
  });
});

it('several variables may name one file', async () => {
  const env = { NODE_EXTRA_CA_CERTS: at('two.pem'), SSL_CERT_FILE: at('two.pem'), REQUESTS_CA_BUNDLE: at('one.pem') };
  expect(await read(env)).toEqual([[one, other], {}]);
});

it('a file that several variables name in vain is a problem of each', async () => {
  const [, problems] = await read({ REQUESTS_CA_BUNDLE: at('none.pem'), SSL_CERT_FILE: at('none.pem') });
  expect(Object.keys(problems)).toEqual(['REQUESTS_CA_BUNDLE', 'SSL_CERT_FILE']);
});

it('nothing is read if the environment names no authorities', async () => {
  expect(await read({ SSL_CERT_FILE: '' })).toEqual([[], {}]);
});
