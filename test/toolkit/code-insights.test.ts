import { describe, expect, it } from '@jest/globals';
import {
  canReport,
  pipelinesProxyUrl,
  type Report,
  type ReportDatum,
  reportRequest,
} from '../../pipe/toolkit/code-insights.ts';
import { createSecrets } from '../../pipe/toolkit/scrub.ts';

const scrub = createSecrets(['hunter22']).scrub;

const env = {
  BITBUCKET_PIPELINE_UUID: '{7b0a}',
  BITBUCKET_COMMIT: 'abc123',
  BITBUCKET_WORKSPACE: 'acme',
  BITBUCKET_REPO_SLUG: 'app',
};

const report: Report = {
  id: 'upload-file',
  title: 'Published',
  details: '1 file',
  reporter: 'upload',
  result: 'PASSED',
  data: [{ title: 'Files', type: 'NUMBER', value: 1 }],
};

describe('canReport', () => {
  it('is true in a pipeline', () => {
    expect(canReport(env)).toBe(true);
  });

  it.each(Object.keys(env))('is false without %s', (name) => {
    expect([canReport({ ...env, [name]: undefined }), canReport({ ...env, [name]: '' })]).toEqual([false, false]);
  });
});

describe('reportRequest', () => {
  it('names the commit and the report in plain http, which the proxy signs', () => {
    expect(reportRequest(env, report, scrub).target).toBe(
      'http://api.bitbucket.org/2.0/repositories/acme/app/commit/abc123/reports/upload-file',
    );
  });

  it('goes to the proxy at its address in a Pipelines container', () => {
    expect(pipelinesProxyUrl).toBe('http://host.docker.internal:29418');
  });

  it('encodes the segments of the path', () => {
    const workspace = { ...env, BITBUCKET_WORKSPACE: '{0a/1b}', BITBUCKET_REPO_SLUG: '..?x' };
    expect(reportRequest(workspace, { ...report, id: 'a b' }, scrub).target).toBe(
      'http://api.bitbucket.org/2.0/repositories/%7B0a%2F1b%7D/..%3Fx/commit/abc123/reports/a%20b',
    );
  });

  it('contains the report', () => {
    const datum = { title: 'app.zip', type: 'LINK', value: { text: 'app.zip', href: 'https://x/app.zip' } } as const;
    expect(bodyOf({ link: 'https://x/', data: [datum] })).toEqual({
      title: 'Published',
      details: '1 file',
      report_type: 'TEST',
      reporter: 'upload',
      result: 'PASSED',
      link: 'https://x/',
      data: [datum],
    });
  });

  it('has no link if none is given', () => {
    expect(bodyOf({})).not.toHaveProperty('link');
  });

  it("stays within the API's limits", () => {
    const data = Array.from({ length: 12 }, (_, value): ReportDatum => ({ title: 't', type: 'NUMBER', value }));
    const body = bodyOf({ title: 'x'.repeat(451), details: 'y'.repeat(2001), data });
    expect(body['title']).toBe('x'.repeat(450));
    expect(body['details']).toBe('y'.repeat(2000));
    expect(body['data']).toEqual(data.slice(0, 10));
    const text = 'z'.repeat(101);
    expect(bodyOf({ data: [{ title: text, type: 'LINK', value: { text, href: text } }] })['data']).toEqual([
      { title: 'z'.repeat(100), type: 'LINK', value: { text: 'z'.repeat(100), href: text } },
    ]);
  });

  it('removes secrets before anything is cut', () => {
    const text = `${'x'.repeat(95)}hunter22`;
    const body = bodyOf({
      title: `${'x'.repeat(445)}hunter22`,
      details: `${'x'.repeat(1995)}hunter22`,
      link: 'https://x/?hunter22',
      data: [{ title: text, type: 'LINK', value: { text, href: 'https://x/hunter22' } }],
    });
    expect(JSON.stringify(body)).not.toContain('hunt');
    expect(body).toMatchObject({ link: 'https://x/?***', data: [{ value: { href: 'https://x/***' } }] });
  });
});

function bodyOf(given: Partial<Report>): Readonly<Record<string, unknown>> {
  return JSON.parse(reportRequest(env, { ...report, ...given }, scrub).body) as Record<string, unknown>;
}
