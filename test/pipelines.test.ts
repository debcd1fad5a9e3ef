import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import Ajv from 'ajv';
import { parse } from 'yaml';
import { allSteps, memoryOf, stepsOf } from './release/pipeline-steps.ts';

const root = join(__dirname, '..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

/** The schema's errors for the file; `No errors` if it is valid. */
function problems(file: 'bitbucket-pipelines' | 'pipe', edit: (text: string) => string = (text) => text): string {
  const ajv = new Ajv({ strict: true, allErrors: true });
  const validate = ajv.compile(JSON.parse(read(`test/schemas/${file}.schema.json`)));
  const text = read(`${file}.yml`);
  const edited = edit(text);
  validate(parse(edited, { merge: true }));
  return ajv.errorsText(validate.errors);
}

describe.each(['bitbucket-pipelines', 'pipe'] as const)('%s.yml', (file) => {
  it('is valid', () => {
    expect(problems(file)).toBe('No errors');
  });
});

describe('the schemas refuse', () => {
  it.each([
    ['bitbucket-pipelines', /script:/, 'scripts:', "must have required property 'script'"],
    ['bitbucket-pipelines', /size: 2x/, 'size: 3x', 'must be equal to one of the allowed values'],
    ['bitbucket-pipelines', /services: \[docker\]/, 'service: [docker]', 'must NOT have additional properties'],
    ['bitbucket-pipelines', /caches: \[npm\]/, 'caches: [nmp]', 'must be equal to one of the allowed values'],
    ['pipe', /^image: .*$/m, 'image: packagepipes/bitbucket-upload-package:latest', 'must match pattern'],
    ['pipe', /^vendor:/m, 'vendors:', "must have required property 'vendor'"],
    ['pipe', / {2}- name: TOKEN\n/, '  - TOKEN\n', 'must be object'],
  ] as const)('%s.yml with %s as %j', (file, pattern, replacement, expected) => {
    expect(read(`${file}.yml`)).toMatch(pattern);
    expect(problems(file, (text) => text.replace(pattern, replacement))).toContain(expected);
  });
});

describe('the pipelines', () => {
  const yaml = read('bitbucket-pipelines.yml');
  const names = (path: string): readonly string[] => stepsOf(yaml, path).map(({ name }) => name);
  const checks = ['Tests', 'Lint, and scan for secrets', 'Image and its tests'];

  it('check every branch once, and release only the main branch', () => {
    expect(names('default')).toEqual(checks);
    expect(Object.keys((parse(yaml) as { readonly pipelines: object }).pipelines)).not.toContain('pull-requests');
    expect(names('branches.main')).toEqual([...checks, 'Release']);
    expect(names('custom.development-release')).toEqual(['Release for development']);
    expect(names('custom.mutants')).toEqual(['Deliberate bugs that the tests should notice']);
  });

  it('give the image and its builds what is left of 8 GB', () => {
    const step = stepsOf(yaml, 'default').find(({ name }) => name === 'Image and its tests');
    if (step === undefined) throw new Error('there is no such step');
    const gigabyte = 1024 ** 3;
    expect(memoryOf(yaml, step)).toEqual({ stepBytes: 5 * gigabyte, serviceBytes: 3 * gigabyte });
    expect(memoryOf(yaml, { name: 'x', script: [] })).toEqual({ stepBytes: 4 * gigabyte, serviceBytes: 0 });
  });

  it('end steps that hang', () => {
    expect(allSteps(yaml).filter(({ 'max-time': minutes = Infinity }) => minutes > 120)).toEqual([]);
  });

  it('call only scripts that exist, as files or in package.json', () => {
    const { scripts } = JSON.parse(read('package.json')) as { readonly scripts: Readonly<Record<string, string>> };
    const lines = allSteps(yaml).flatMap(({ script }) => script);
    const files = lines.flatMap((line) => line.match(/ci-scripts\/[\w.-]+/g) ?? []);
    expect(files.length).toBeGreaterThan(5);
    for (const file of files) expect([file, existsSync(join(root, file))]).toEqual([file, true]);
    const called = lines.flatMap((line) => [...line.matchAll(/npm run ([\w:-]+)/g)].map(([, name = '']) => name));
    expect(called).toEqual(expect.arrayContaining(['lint', 'typecheck']));
    for (const name of called) expect(scripts).toHaveProperty([name]);
  });

  it('can execute every script', () => {
    const scripts = readdirSync(join(root, 'ci-scripts')).filter((name) => name.endsWith('.sh'));
    const startable = scripts.filter((name) => (statSync(join(root, 'ci-scripts', name)).mode & 0o111) !== 0);
    // The others source these.
    expect(scripts.filter((name) => !startable.includes(name))).toEqual(['names.sh', 'settings.sh']);
  });
});
