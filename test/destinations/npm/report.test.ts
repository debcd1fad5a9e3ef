import { describe, expect, it } from '@jest/globals';
import type { NpmOutcome, NpmOutcomeItem } from '../../../pipe/destinations/npm/outcome.ts';
import { concludeNpm } from '../../../pipe/destinations/npm/report.ts';
import { insightsReport } from '../../../pipe/destinations/report.ts';

const registry = new URL('https://npm.apkg.io/acme/');
const item = (id: string, action: NpmOutcomeItem['action']): NpmOutcomeItem => ({
  id,
  name: id.replace(/@[^@]*$/, ''),
  version: id.replace(/^.*@/, ''),
  tag: 'latest',
  size: 1500,
  url: `https://npm.apkg.io/acme/${id}.tgz`,
  integrity: 'sha512-AA==',
  sha256: 'ab',
  action,
});
const outcome: NpmOutcome = { items: [item('@acme/a@1.0.0', 'uploaded'), item('b@2.0.0', 'skipped')] };

describe('for people', () => {
  it('there is a summary of a success', () => {
    expect(concludeNpm(outcome, { registry, stages: false }).summary(1234, (text) => text)).toEqual([
      'Published 1 package (@acme/a@1.0.0), 1.50 kB in 1.2 s',
      '  @acme/a@1.0.0  1.50 kB  sha256:ab  uploaded',
      '  b@2.0.0        1.50 kB  sha256:ab  skipped',
      '  skipped 1 already there: 1.50 kB and 1 request not sent',
      '  https://npm.apkg.io/acme/@acme/a@1.0.0.tgz',
      '  https://npm.apkg.io/acme/b@2.0.0.tgz',
    ]);
  });

  it.each([
    [3, 'Published 3 packages (p0@1.0.0, p1@1.0.0, p2@1.0.0), 4.50 kB in 1.0 s'],
    [4, 'Published 4 packages, 6.00 kB in 1.0 s'],
  ])('that names up to three packages, of %d', (count, summary) => {
    const items = Array.from({ length: count }, (_, index) => item(`p${index}@1.0.0`, 'uploaded'));
    expect(concludeNpm({ items }, { registry, stages: false }).summary(1000, (text) => text)[0]).toBe(summary);
  });

  it('there is a line for each package of a failure', () => {
    const items = [item('a@1.0.0', 'uploaded'), item('b@1.0.0', 'skipped')];
    expect(concludeNpm({ items }, { registry, stages: false }).failureLines).toEqual([
      '  a@1.0.0: published, https://npm.apkg.io/acme/a@1.0.0.tgz',
      '  b@1.0.0: already there, left as it is',
    ]);
  });

  it('a staged package of a failure is told with the command that publishes it', () => {
    const items = [{ ...item('a@1.0.0', 'uploaded'), stageId: 'id-1' }, item('b@1.0.0', 'not sent')];
    expect(concludeNpm({ items }, { registry, stages: true }).failureLines).toEqual([
      '  a@1.0.0: staged, npm stage approve id-1 publishes it',
      '  b@1.0.0: not attempted',
    ]);
  });

  it('of more staged packages than are listed, the command that lists them is named', () => {
    const items = Array.from({ length: 21 }, (_, index) => ({ ...item(`a${index}@1.0.0`, 'uploaded'), stageId: 'id' }));
    const lines = concludeNpm({ items }, { registry, stages: true }).summary(1234, (text) => text);
    expect([lines[0], lines.at(-1)]).toEqual([expect.stringContaining('Staged 21 packages, '), '  npm stage list']);
  });
});

describe('for programs', () => {
  it('there is a JSON result', () => {
    expect(concludeNpm(outcome, { registry, stages: false }).result).toEqual({
      items: outcome.items.map(({ id, url, size, sha256, integrity, tag, action }) => ({
        name: id,
        url,
        size,
        sha256,
        integrity,
        tag,
        action,
      })),
    });
  });

  it('there are variables that describe a single package, or count several', () => {
    expect(concludeNpm(outcome, { registry, stages: false }).variables).toEqual({
      UPLOAD_ACTION: 'uploaded',
      UPLOAD_COUNT: '2',
      UPLOAD_SKIPPED_COUNT: '1',
    });
    expect(concludeNpm({ items: outcome.items.slice(0, 1) }, { registry, stages: false }).variables).toEqual({
      PACKAGE_NAME: '@acme/a',
      PACKAGE_VERSION: '1.0.0',
      PACKAGE_URL: 'https://npm.apkg.io/acme/@acme/a@1.0.0.tgz',
      PACKAGE_SHA256: 'ab',
      PACKAGE_INTEGRITY: 'sha512-AA==',
      UPLOAD_ACTION: 'uploaded',
      UPLOAD_COUNT: '1',
      UPLOAD_SKIPPED_COUNT: '0',
    });
  });

  it('there is a report of the published packages, with at most ten data fields', () => {
    const many = Array.from({ length: 20 }, (_, index) => item(`p${index}@1.0.0`, 'uploaded'));
    const { report: content } = concludeNpm({ items: [...outcome.items, ...many] }, { registry, stages: false });
    const report = insightsReport(
      { type: 'npm', target: { server: registry.href, name: '*.tgz' }, elapsedMs: 1000 },
      content,
    );
    expect(report).toMatchObject({ details: '21 packages, 31.5 kB, to https://npm.apkg.io/acme/', result: 'PASSED' });
    expect(report.data).toHaveLength(10);
    expect(report.data.map(({ title }) => title)).not.toContain('b@2.0.0');
  });
});
