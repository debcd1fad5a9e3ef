/** What is in the bundle: its SBOM, the notices of its modules, and its size. */

import { readdirSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type BundleOutput, type Budgets, overBudget } from './bundle-budget.ts';
import { copyBuild } from './copy-build.ts';
import { reachableFrom, type Sbom, sbomProblems } from './cyclonedx.ts';
import { outputOf, runCommand } from './release/run-command.ts';

/**
 * Bytes, with room for some growth. Start-up time and the size of the image depend on them: before a budget is raised, think
 * of leaving something out.
 */
const budgets: Budgets = {
  all: 1_510_000,
  undici: 375_000,
  yaml: 172_000,
  pino: 40_000,
  yauzl: 37_000,
  yazl: 23_000,
  'buffer-crc32': 4000,
  semver: 34_000,
  'lru-cache': 21_000,
  '@rgrove/parse-xml': 23_000,
  'hosted-git-info': 16_500,
  'thread-stream': 15_500,
  'sonic-boom': 12_000,
  'safe-stable-stringify': 14_500,
  '@pinojs/redact': 9500,
  'pino-std-serializers': 7800,
  'on-exit-leak-free': 1800,
  'quick-format-unescaped': 1900,
  'get-east-asian-width': 6000,
  pend: 1000,
  'atomic-sleep': 1000,
  'ci-scripts': 500,
  'pipe/destinations': 340_000,
  'pipe/oci': 145_000,
  'pipe/http': 51_000,
  'pipe/toolkit': 52_000,
  'pipe/io': 50_000,
  'pipe/settings': 32_000,
  'pipe/archive': 36_000,
  'pipe/compression': 27_000,
  pipe: 22_000,
};

const root = join(__dirname, '..');
let place = '';
let output: BundleOutput;
let sbom: Sbom;
let notices = '';
/** The directories of the modules in the bundle. */
let modules: readonly string[] = [];

const build = async (env: Readonly<Record<string, string>> = {}): Promise<string> =>
  await outputOf(process.execPath, ['ci-scripts/build.mjs'], { cwd: place, env: { ...process.env, ...env } });
const read = (path: string): string => readFileSync(join(place, path), 'utf8');
const manifestOf = (module: string): { readonly name: string; readonly version: string; readonly license: string } =>
  JSON.parse(read(join(module, 'package.json')));

beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), 'contents-'));
  await copyBuild(place);
  await build({ SOURCE_DATE_EPOCH: '' });
  output = JSON.parse(read('dist/metafile.json')).outputs['dist/pipe.js'];
  sbom = JSON.parse(read('dist/sbom.cdx.json'));
  notices = read('dist/THIRD-PARTY-NOTICES.txt');
  const places = Object.keys(output.inputs).flatMap((path) => path.match(/^.*node_modules\/(?:@[^/]+\/)?[^/]+/) ?? []);
  modules = [...new Set(places)];
  expect(modules.length).toBeGreaterThan(10);
});
afterAll(async () => {
  await rm(place, { recursive: true });
});

describe('the SBOM', () => {
  it("is valid by CycloneDX's schema, which refuses others", () => {
    expect(sbomProblems(sbom)).toBe('No errors');
    expect(sbomProblems({ ...sbom, components: [{ name: 'x', type: 'thing' }] })).toContain('allowed values');
  });

  it('has exactly the modules of the bundle, and llhttp, which is a part of undici', () => {
    const expected = modules.map((module) => {
      const { name, version, license } = manifestOf(module);
      return `${name} ${version} ${license}`;
    });
    const found = sbom.components.map(
      ({ name, version, licenses }) => `${name} ${version} ${licenses?.[0]?.expression}`,
    );
    expect([...found].sort()).toEqual([...expected, 'llhttp undefined MIT'].sort());
  });

  it('has the package URL and the hash of every module, and shows what needs it', () => {
    const reachable = reachableFrom(sbom);
    for (const { name, purl, hashes, 'bom-ref': reference } of sbom.components) {
      expect([name, reachable.has(reference ?? '')]).toEqual([name, true]);
      if (name === 'llhttp') continue;
      expect(purl).toMatch(/^pkg:npm\/.+@\d/);
      expect(hashes).toEqual([{ alg: 'SHA-512', content: expect.stringMatching(/^[0-9a-f]{128}$/) }]);
    }
  });

  it('states the time of the commit if it is given', async () => {
    expect(sbom.metadata.timestamp).toBeUndefined();
    await build({ SOURCE_DATE_EPOCH: '1700000000' });
    expect(JSON.parse(read('dist/sbom.cdx.json')).metadata.timestamp).toBe('2023-11-14T22:13:20.000Z');
  });
});

describe('the notices', () => {
  it('have the text of the licence of every module', () => {
    for (const module of modules) {
      const { name, version, license } = manifestOf(module);
      expect(notices).toContain(`\n${'='.repeat(80)}\n${name} ${version}: ${license}\n`);
      const files = readdirSync(join(place, module)).filter((file) => /licen[cs]e|notice|copying/i.test(file));
      expect([name, files.length > 0]).toEqual([name, true]);
      for (const file of files) expect(notices).toContain(read(join(module, file)).trim());
    }
    expect(notices).toContain(read('ci-scripts/llhttp-license.txt').trim());
  });

  it('are only of licences that ask for nothing but a notice', () => {
    const licenses = new Set(
      sbom.components.flatMap(({ licenses: given = [] }) => given.map(({ expression }) => expression)),
    );
    expect([...licenses].toSorted()).toEqual(['BlueOak-1.0.0', 'ISC', 'MIT']);
  });

  it('miss no work of others that a module contains: only undici contains one, llhttp', () => {
    const others = /\b(?:deps|external|llhttp|milo|third[-_]party|vendor(?:ed)?)\b|wasm/i;
    const found = Object.keys(output.inputs).filter((path) => others.test(path.replace(/^.*node_modules\//, '')));
    expect(found.length).toBeGreaterThan(0);
    expect(found.filter((path) => !path.includes('/undici/lib/llhttp/'))).toEqual([]);
  });

  it.each([
    ['no file with the text', { license: 'MIT' }, []],
    ['no licence', {}, ['LICENSE']],
  ])('cannot be written for a module with %s', async (_, fields, files) => {
    const directory = await mkdtemp(join(tmpdir(), 'module-'));
    const module = join(directory, 'node_modules/none');
    await mkdir(module, { recursive: true });
    await writeFile(join(directory, 'package-lock.json'), '{"packages":{}}');
    await writeFile(join(module, 'package.json'), JSON.stringify({ name: 'none', version: '1.0.0', ...fields }));
    for (const file of files) await writeFile(join(module, file), 'text');
    const inputs = { 'node_modules/none/index.js': { imports: [] } };
    const script = `import { bundledModules } from '${join(root, 'ci-scripts/bundled-modules.mjs')}';
      bundledModules(${JSON.stringify({ inputs })}, ${JSON.stringify({ inputs })});`;
    const words = ['--input-type=module', `--eval=${script}`];
    const { exitCode, output: printed } = await runCommand(process.execPath, words, { cwd: directory });
    await rm(directory, { recursive: true });
    expect({ exitCode, printed }).toEqual({
      exitCode: 1,
      printed: expect.stringContaining('none states no licence, or has no file with its text'),
    });
  });
});

it('is plain ASCII: with one other character, V8 takes twice the memory for it, and Node.js 2 ms more to load it', () => {
  const others = read('dist/pipe.js').match(/.{0,60}[^\0-\u007f]+.{0,20}/g) ?? [];
  expect(others).toEqual([]);
});

describe('the size', () => {
  it('of every part is within its budget', () => {
    expect(overBudget(output, budgets)).toEqual([]);
  });

  it('over a budget is explained by the largest files of that part', () => {
    const { undici: _, ...others } = budgets;
    expect(overBudget(output, { ...others, pend: 100, lodash: 1000 }).toSorted()).toEqual([
      'lodash: has a budget, but is not in the bundle',
      expect.stringMatching(/^pend: \d+ bytes, budget 100; .*node_modules\/pend\/index\.js \d+$/),
      expect.stringMatching(/^undici: \d+ bytes, has no budget; .*undici\/lib\/.* \d+; /),
    ]);
  });
});
