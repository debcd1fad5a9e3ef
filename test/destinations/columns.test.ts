/** For names of any length and script: no line of a plan, a log or a summary is wider than 80 columns but for URLs and digests. */

import { expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import type { DownloadsPlan } from '../../pipe/destinations/downloads/plan.ts';
import { concludeDownloads, planText } from '../../pipe/destinations/downloads/report.ts';
import type { FileSettings } from '../../pipe/destinations/downloads/settings.ts';
import { imagePlanLines } from '../../pipe/destinations/image/plan-lines.ts';
import { concludeImages } from '../../pipe/destinations/image/report.ts';
import type { ImageTarget } from '../../pipe/destinations/image/targets.ts';
import type { MavenPlan } from '../../pipe/destinations/maven/planned.ts';
import { concludeMaven, mavenPlanLines } from '../../pipe/destinations/maven/report.ts';
import type { NpmPlan } from '../../pipe/destinations/npm/plan.ts';
import { concludeNpm, npmPlanText } from '../../pipe/destinations/npm/report.ts';
import type { PypiPlan } from '../../pipe/destinations/pypi/plan.ts';
import { concludePypi, pypiPlanText } from '../../pipe/destinations/pypi/report.ts';
import { logItem } from '../../pipe/destinations/summary.ts';
import { shortened, widthOf } from '../../pipe/toolkit/columns.ts';
import { barText, lineText } from '../../pipe/toolkit/progress-text.ts';
import { escapeUnprintable, printable } from '../../pipe/toolkit/stdout.ts';

const same = (text: string): string => text;
const runs = { seed: 1, numRuns: 300 };

const name = fc.oneof(
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 255 }),
  fc.string({ unit: 'binary', minLength: 1, maxLength: 255 }),
  fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 255 }),
  fc.string({ unit: fc.constantFrom('日', '語', '👩\u200D👧', '🇩🇪', 'e\u0301', 'a'), minLength: 1, maxLength: 200 }),
);
const names = fc.array(name, { minLength: 1, maxLength: 25 });
const word = (maxLength: number): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom('a', 'b', 'x', '0', '9'), minLength: 1, maxLength });
const tag = fc.oneof(word(12), word(128));
const host = fc.oneof(
  fc.constant('crg.apkg.io'),
  fc.array(word(60), { minLength: 2, maxLength: 4 }).map((all) => `${all.join('.')}.example`),
);
const bytes = fc.nat({ max: 1e13 });
const digest = '0123456789abcdef'.repeat(4);

function tooWide(lines: readonly string[], columns = 80): readonly string[] {
  return lines
    .map(escapeUnprintable)
    .filter((line) => widthOf(line) > columns && !/:\/\/|sha256[: ][0-9a-f]{64}/.test(line));
}

function check<T>(input: fc.Arbitrary<T>, linesOf: (value: T) => readonly string[]): void {
  fc.assert(
    fc.property(input, (value) => {
      expect(tooWide(linesOf(value))).toEqual([]);
    }),
    runs,
  );
}

const info = (lines: readonly string[]): readonly string[] => lines.map((line) => `INFO: ${line}`);
const verdict = ([first = '', ...others]: readonly string[]): readonly string[] => [`✔ ${first}`, ...others];

it('of files', () => {
  const input = fc.record({
    names,
    rename: name,
    size: bytes,
    workspace: word(62),
    repository: word(62),
    host,
    checksums: fc.constantFrom('none', 'list', 'each'),
    retention: fc.option(fc.record({ keep: fc.nat(), pattern: name }), { nil: undefined }),
    isDryRun: fc.boolean(),
    elapsedMs: fc.nat(),
  });
  check(input, ({ names: paths, rename, size, host: server, elapsedMs, ...given }) => {
    const settings = { ...given, apiUrl: new URL(`https://${server}/2.0`) } as unknown as FileSettings;
    const files = paths.map((path, index) => ({ source: { path, size }, name: index === 0 ? rename : path }));
    const plan = { files, totalBytes: size, leftOutDirectories: [], warnings: [] } as unknown as DownloadsPlan;
    const items = paths.map((path, index) => ({
      name: path,
      size,
      url: 'https://x/',
      action: index % 2 === 0 ? ('uploaded' as const) : ('skipped' as const),
    }));
    return [
      ...info(planText(plan, settings, same).lines),
      ...verdict(concludeDownloads({ items, deleted: paths }, settings).summary(elapsedMs, same)),
    ];
  });
});

it('of npm packages', () => {
  const input = fc.record({ names, scope: word(100), version: word(100), size: bytes, tag: name, access: name, host });
  check(input, ({ names: paths, scope, version, size, tag: distTag, access, host: server }) => {
    const registry = new URL(`https://${server}/`);
    const id = `@${scope}/app@${version}`;
    const packages = paths.map((path) => ({
      source: { path, size },
      id,
      tag: printable(distTag),
      access,
      fileCount: size,
      unpackedBytes: size,
      warnings: [],
    }));
    const plan = { packages, totalBytes: size, leftOutDirectories: [], warnings: [] } as unknown as NpmPlan;
    const items = paths.map(() => ({
      id,
      name: id,
      version,
      tag: distTag,
      size,
      url: 'https://x/',
      integrity: digest,
      sha256: digest,
      action: 'uploaded' as const,
    }));
    const staged = items.map((item) => ({ ...item, stageId: '01234567-89ab-cdef-0123-456789abcdef' }));
    return [
      ...info(npmPlanText(plan, { registry, isDryRun: true, stages: false }, same).lines),
      ...verdict(concludeNpm({ items }, { registry, stages: false }).summary(1e7, same)),
      ...verdict(concludeNpm({ items: staged }, { registry, stages: true }).summary(1e7, same)),
    ];
  });
});

it.each([0, 1])('of Maven artifacts, from %d directories', (directoryCount) => {
  const input = fc.record({
    names,
    groupId: word(100),
    artifactId: word(100),
    version: fc.oneof(
      word(20),
      word(60).map((text) => `${text}-SNAPSHOT`),
    ),
    classifier: word(100),
    prefix: name,
    size: bytes,
    host,
  });
  check(input, ({ names: paths, classifier, prefix, size, host: server, ...pom }) => {
    const registry = new URL(`https://${server}/maven/`);
    const kind = { extension: 'jar', classifier };
    const files = paths.map((path) => ({ kind, from: printable(path), size }));
    const artifact = { pom, files, plugin: { prefix } };
    const directories = paths.slice(0, directoryCount);
    const artifacts = directoryCount === 0 ? [artifact] : paths.map(() => artifact);
    const plan = { artifacts, directories, totalBytes: size } as unknown as MavenPlan;
    const items = paths.map((path) => ({
      name: printable(path),
      kind,
      size,
      url: 'https://x/',
      sha256: digest,
      savedRequests: 5,
      action: 'uploaded' as const,
    }));
    const outcome = {
      artifacts: artifacts.map(() => ({ coordinates: pom, version: pom.version, items })),
      indexes: [],
    };
    return [
      ...info(mavenPlanLines(plan, { registry, isDryRun: false }, same)),
      ...verdict(concludeMaven({ plan, outcome, settings: { registry } }).summary(1e7, same)),
    ];
  });
});

it('of Python packages', () => {
  const input = fc.record({ names, project: word(100), version: word(100), size: bytes, host, isOne: fc.boolean() });
  check(input, ({ names: paths, project, version, size, host: server, isOne }) => {
    const registry = new URL(`https://${server}/`);
    const files = paths.map((path, index) => ({
      source: { path, size },
      filename: path,
      filetype: index % 2 === 0 ? 'sdist' : 'bdist_wheel',
      name: project,
      version: isOne ? version : `${version}.${index}`,
      warnings: [],
    }));
    const plan = { files, totalBytes: size, leftOutDirectories: [], warnings: [] } as unknown as PypiPlan;
    const items = files.map(({ filename, name: of, version: own }) => ({
      filename,
      name: of,
      version: own,
      size,
      url: 'https://x/',
      sha256: digest,
      action: 'uploaded' as const,
    }));
    return [
      ...info(pypiPlanText(plan, { registry, isDryRun: true }, same).lines),
      ...verdict(concludePypi({ items, pages: ['https://x/'] }, { registry }).summary(1e7, same)),
    ];
  });
});

it('of images', () => {
  const target = fc.record({
    host,
    repository: fc.array(word(60), { minLength: 1, maxLength: 4 }).map((all) => all.join('/')),
    tags: fc.array(tag, { minLength: 1, maxLength: 12 }),
    description: name.map((path) => `docker archive ${printable(path)}: 5 layers, 29.1 MB`),
  });
  const input = fc.record({ targets: fc.array(target, { minLength: 1, maxLength: 8 }), size: bytes });
  check(input, ({ targets: given, size }) => {
    const targets = given.map(({ host: server, repository, tags }) => ({
      reference: { host: server, repository, tag: tags[0] ?? '' },
      tags,
    })) as unknown as readonly ImageTarget[];
    const images = targets.map((each, index) => ({
      target: each,
      source: { description: given[index]?.description ?? '' },
    }));
    const layer = { descriptor: { mediaType: '', digest: `sha256:${digest}`, size }, action: 'present' as const };
    const platform = { manifest: undefined, layers: [layer] } as never;
    const outcomes = targets.map(({ tags }) => ({
      digest: `sha256:${digest}`,
      tags: tags.map((each) => ({ tag: each, action: 'published' as const })),
      platforms: [platform],
    }));
    const registry = new URL('https://crg.apkg.io');
    return [
      ...info(imagePlanLines(images, { isDryRun: false, scrub: same })),
      ...verdict(concludeImages(outcomes, { registry, targets }).summary(1e7, same)),
    ];
  });
});

it('of what is logged meanwhile', () => {
  const input = fc.record({ name, sent: bytes, total: bytes, rate: fc.nat(), idleMs: fc.nat() });
  check(input, ({ name: given, ...advance }) => {
    const logged: string[] = [];
    const log = { info: (message: string) => logged.push(message), debug: () => undefined };
    logItem({ log, scrub: same }, 1, printable(given), 'skipped, already there with identical content');
    return info([...logged, lineText({ name: printable(given), ...advance }, same)]);
  });
});

it.each([79, 39, 19])('of a bar on a terminal with room for %d columns, unless it has only the bytes', (columns) => {
  const input = fc.record({ name, sent: bytes, total: bytes, rate: fc.nat(), idleMs: fc.nat() });
  fc.assert(
    fc.property(input, ({ name: given, ...advance }) => {
      const bar = barText({ name: printable(given), ...advance }, columns, same);
      expect(tooWide([bar], columns)).toEqual([]);
    }),
    runs,
  );
});

it('a name is never cut inside what is seen as one character', () => {
  const segmenter = new Intl.Segmenter();
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 60 }), fc.integer({ min: 1, max: 80 }), (text, columns) => {
      const cut = shortened(text, columns, same);
      expect(widthOf(cut)).toBeLessThanOrEqual(columns);
      if (cut === text) return;
      const [head = '', tail = ''] = cut.split('…').length === 2 ? cut.split('…') : [];
      const edges = new Set([0, text.length, ...Array.from(segmenter.segment(text), ({ index }) => index)]);
      expect([edges.has(head.length), edges.has(text.length - tail.length)]).toEqual([true, true]);
    }),
    { ...runs, numRuns: 2_000 },
  );
});
