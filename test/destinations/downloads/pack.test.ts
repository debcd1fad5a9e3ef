import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { useSandbox } from '../../run-pipe.ts';

const fixture = useSandbox();
const before = process.env['TMPDIR'];
let temporary = '';

beforeEach(async () => {
  temporary = await mkdtemp(join(tmpdir(), 'pack-'));
  process.env['TMPDIR'] = temporary;
});
afterEach(async () => {
  // Nothing is left behind, however the run ended.
  expect(readdirSync(temporary)).toEqual([]);
  if (before === undefined) delete process.env['TMPDIR'];
  else process.env['TMPDIR'] = before;
  await rm(temporary, { recursive: true });
});

function write(...paths: readonly string[]): void {
  for (const path of paths) {
    mkdirSync(dirname(join(fixture.directory, path)), { recursive: true });
    writeFileSync(join(fixture.directory, path), `content of ${path}`);
  }
}

async function landed(name: string): Promise<Buffer> {
  return (await fixture.sandbox.downloads.get(name)?.content()) ?? Buffer.alloc(0);
}

describe('--pack', () => {
  it('warns of names that Windows cannot have, in a zip alone', async () => {
    write('dist/nul.txt', 'dist/a.txt');
    expect((await fixture.upload('dist', '--pack', 'site.zip')).output).toContain(
      'WARNING: site.zip cannot be unpacked on Windows, which does not allow the names nul.txt: ',
    );
    expect((await fixture.upload('dist', '--pack', 'site.tar.gz')).output).not.toContain('WARNING');
  });

  it('uploads one archive of a directory', async () => {
    write('dist/a.txt', 'dist/sub/b.txt');
    const { exitCode, output } = await fixture.upload('dist', '--pack', 'site.tar.gz', '--checksums');
    expect(output).toContain('INFO: Packing site.tar.gz\n');
    expect(output).toMatch(/INFO: {3}site\.tar\.gz, \d+ B, 2 files packed\n/);
    expect(exitCode).toBe(0);
    expect([...fixture.sandbox.downloads.keys()].sort()).toEqual(['SHA256SUMS', 'site.tar.gz']);
    const tar = gunzipSync(await landed('site.tar.gz')).toString('latin1');
    expect(tar).toMatch(/^a\.txt\0[^]*content of dist\/a\.txt[^]*\0sub\/b\.txt\0/);
  });

  it('counts the files that are in the archive: a nupkg has its own parts instead of those', async () => {
    write('dist/a.txt', 'dist/app.nuspec', 'dist/[Content_Types].xml', 'dist/_rels/.rels', 'dist/sub/b.nuspec');
    expect((await fixture.upload('dist', '--pack', 'app.1.0.nupkg')).output).toMatch(
      /\.nupkg, [^,]+, 2 files packed\n/,
    );
    expect((await fixture.upload('dist', '--pack', 'app.1.0.zip')).output).toMatch(/\.zip, [^,]+, 5 files packed\n/);
  });

  it('has the same bytes in every run, unless SOURCE_DATE_EPOCH says otherwise', async () => {
    write('dist/a.txt');
    const sums: string[] = [];
    for (const epoch of [undefined, undefined, '1700000000']) {
      const given = epoch === undefined ? {} : { SOURCE_DATE_EPOCH: epoch };
      await fixture.runPipe({ FILENAME: 'dist', EXTRA_ARGS: "['--pack', 'a.zip']", ...given });
      sums.push((await landed('a.zip')).toString('hex'));
    }
    expect(sums[1]).toBe(sums[0]);
    expect(sums[2]).not.toBe(sums[0]);
  });

  it('packs files of the same base name, which could not be uploaded one by one', async () => {
    write('a/x', 'b/x');
    expect((await fixture.upload('*/x')).exitCode).toBe(1);
    expect((await fixture.upload('*/x', '--pack', 'all.zip')).exitCode).toBe(0);
  });

  it('sends nothing in a dry run', async () => {
    write('dist/a.txt');
    const { exitCode, output } = await fixture.upload('dist', '--pack', 'a.zip', '--dry-run');
    expect([exitCode, fixture.sandbox.downloads.size]).toEqual([0, 0]);
    expect(output).toContain('a.zip');
  });

  it.each([
    [['--pack', 'a.rar'], 'option --pack needs a name that ends with .zip, .nupkg, .tar, .tar.gz or .tgz, not "a.rar"'],
    [['--pack', 'a/b.zip'], 'option --pack needs a file name without a path, not "a/b.zip"'],
    [['--pack', 'a.nupkg'], 'a NuGet package is named after its ID and version, such as Acme.Web.1.0.0.nupkg'],
    [['--pack', 'a.zip', '--name', 'b.zip'], 'options --pack and --name contradict each other'],
  ])('%j is refused', async (args, message) => {
    write('dist/a.txt');
    const { exitCode, output } = await fixture.upload('dist', ...args);
    expect(exitCode).toBe(1);
    expect(output).toContain(message);
    expect(fixture.sandbox.requests).toEqual([]);
  });

  it('refuses a time that is none, together with other problems', async () => {
    const env = { FILENAME: 'dist', EXTRA_ARGS: "['--pack', 'a.rar']", SOURCE_DATE_EPOCH: 'yesterday' };
    const { output } = await fixture.runPipe(env);
    expect(output).toContain('SOURCE_DATE_EPOCH:\n- must be a time in seconds since 1970, not "yesterday"');
    expect(output).toContain('not "a.rar"');
  });
});
