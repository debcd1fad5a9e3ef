/** Fuzzers for Python packages: wheels, source distributions, the names of their files, and the pages of indexes. */

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { readFileName } from '../../../pipe/destinations/pypi/names.ts';
import { planPackages } from '../../../pipe/destinations/pypi/plan.ts';
import { readHtmlPage, readJsonPage } from '../../../pipe/destinations/pypi/project-page.ts';
import { InputError } from '../../../pipe/errors.ts';
import { tar } from '../../archive/tar/tar-writer.ts';
import { zip, type ZipMember } from '../../archive/zip-writer.ts';
import {
  lib,
  metadataOf,
  recordHash,
  sdistEntries,
  sdistName,
  stemOf,
  wheelMembers,
  wheelName,
} from '../../destinations/pypi/packages.ts';
import { mutateBytes, mutateJson, mutateText } from '../mutate.ts';
import type { Random } from '../random.ts';
import { allowRejection, FuzzFailure, type Target } from '../target.ts';

const headers = [
  'Summary: An app',
  'Author-email: "A, B" <a@example.com>, c@example.com',
  'License-Expression: MIT OR Apache-2.0',
  'License-File: LICENSE',
  'Classifier: Programming Language :: Python :: 3',
  'Requires-Dist: a>=1; extra == "x"',
  'Provides-Extra: x',
  'Project-URL: Home, https://example.com',
  'Requires-Python: >=3.9',
  'Description-Content-Type: text/markdown; charset=UTF-8',
  'Keywords: a,b',
  'Dynamic: version',
];
const metadata = metadataOf({ ...lib, headers, description: '# App\n\ntext', metadataVersion: '2.4' });

async function plan(directory: string, filename: string, bytes: Buffer): Promise<void> {
  await writeFile(join(directory, filename), bytes);
  const patterns = { form: 'items', items: [filename] } as const;
  await allowRejection(async () => {
    const { files, warnings } = await planPackages({ patterns }, { workingDirectory: directory });
    const { fields = [], warnings: own = [] } = files[0] ?? {};
    // A form whose lines can be forged would say something else than the file.
    for (const [name] of fields)
      if (!/^:?[a-z0-9_]+$/.test(name)) throw new FuzzFailure(`a field ${JSON.stringify(name)}`);
    for (const text of [...warnings, ...own])
      if (/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u.test(text)) throw new FuzzFailure(`warns with ${JSON.stringify(text)}`);
  });
}

/** Wheels with changed bytes; with a changed name, METADATA, WHEEL or RECORD, to which the others may be adapted. */
export function wheels(directory: string): Target {
  const valid = zip(withMetadata(metadata));
  return {
    async attack(random) {
      const bytes = random.chance(0.3) ? mutateBytes(valid, random) : zip(changedMembers(random));
      await plan(directory, wheelName(lib), bytes);
    },
  };
}

/** A wheel whose RECORD lists this METADATA. */
function withMetadata(text: string): ZipMember[] {
  const members = wheelMembers(lib);
  const old = members.find(({ name }) => name.endsWith('/METADATA'))?.content.toString() ?? '';
  return members.map((member) => {
    if (member.name.endsWith('/METADATA')) return { ...member, content: text };
    if (!member.name.endsWith('/RECORD')) return member;
    const record = member.content.toString().replace(recordHash(old), recordHash(text));
    return { ...member, content: record.replace(`,${Buffer.from(old).length}\n`, `,${Buffer.from(text).length}\n`) };
  });
}

function changedMembers(random: Random): ZipMember[] {
  if (random.chance(0.5)) return withMetadata(mutateText(metadata, random));
  const members = withMetadata(metadata);
  const changed = random.below(members.length);
  return members.map((member, index) => {
    if (index !== changed) return member;
    if (random.chance(0.3)) return { ...member, name: mutateText(member.name, random) };
    return { ...member, content: mutateText(member.content.toString(), random) };
  });
}

/** Source distributions with changed blocks, names, or a changed PKG-INFO. */
export function sdists(directory: string): Target {
  const valid = tar(sdistEntries(lib, { 'PKG-INFO': metadata }));
  return {
    async attack(random) {
      const path = random.chance(0.3) ? mutateText(`${stemOf(lib)}/a.py`, random) : `${stemOf(lib)}/a.py`;
      const files = { 'PKG-INFO': random.chance(0.7) ? mutateText(metadata, random) : metadata };
      const entries = [...sdistEntries(lib, files), { name: path, content: 'x' }];
      const archive = random.chance(0.3) ? mutateBytes(valid, random) : tar(entries);
      const packed = gzipSync(archive, { level: 1 });
      await plan(directory, sdistName(lib), random.chance(0.1) ? mutateBytes(packed, random) : packed);
    },
  };
}

const names = [
  wheelName(lib),
  'acme_lib-1.0.0-1build-cp311.cp312-abi3-manylinux_2_17_x86_64.manylinux2014_x86_64.whl',
  'Acme.Lib-1!2.0.post1.dev3+ubuntu.1-py3-none-any.whl',
  sdistName(lib),
  'acme-lib-1.0-2.tar.gz',
  'acme.zip',
];

/** The names of files: what is accepted has a name and a version for each reading. */
export function pythonNames(): Target {
  return {
    async attack(random) {
      const name = mutateText(random.pick(names), random);
      await allowRejection(() => {
        const read = readFileName(name);
        if (typeof read === 'string') throw new InputError(`the file ${read}`);
        if (
          read.readings.length === 0 ||
          read.readings.some(({ name: each, version }) => each === '' || version === '')
        )
          throw new FuzzFailure(`${JSON.stringify(name)} is read as ${JSON.stringify(read)}`);
      });
    },
  };
}

const digest = 'a'.repeat(64);
const jsonPage = {
  meta: { 'api-version': '1.1' },
  name: 'acme-lib',
  versions: ['1.0.0'],
  files: [
    { filename: wheelName(lib), url: `../../files/${wheelName(lib)}`, hashes: { sha256: digest }, size: 3 },
    { filename: sdistName(lib), url: 'https://files.example/x', hashes: {}, yanked: 'a reason' },
  ],
};
const htmlPage = `<!DOCTYPE html><html><head><meta name="pypi:repository-version" content="1.0"><title>Links for acme-lib</title></head>
<body><h1>Links for acme-lib</h1>
<a href="../../files/${wheelName(lib)}#sha256=${digest}" data-requires-python="&gt;=3.9">${wheelName(lib)}</a><br/>
<a rel='internal' href='/files/${sdistName(lib)}#md5=abc' >${sdistName(lib)}</a><br/>
<a href=${sdistName(lib)}>x</a>
</body></html>`;

/** The pages of a project: every file has a web address, and a hash that is one. */
export function projectPages(): Target {
  const base = new URL('https://index.example/acme/simple/acme-lib/');
  return {
    async attack(random) {
      await allowRejection(() => {
        const files = random.chance(0.5)
          ? readJsonPage(mutateJson(jsonPage, random), base)
          : readHtmlPage(mutateText(htmlPage, random), base);
        for (const [name, { url, sha256 }] of files)
          if (!/^https?:$/.test(url.protocol) || (sha256 !== undefined && !/^[0-9a-f]{64}$/.test(sha256)))
            throw new FuzzFailure(`${JSON.stringify(name)} is at ${url.href} with ${String(sha256)}`);
      });
    },
  };
}
