/** Plants violations of each law of the layout, and checks that lint reports them under the law's name. */

import { cp, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { runCommand } from './release/run-command.ts';

const root = join(__dirname, '..');

interface Plant {
  /** Below pipe/. */
  readonly file: string;
  readonly source: string;
}

const violations: Readonly<Record<string, readonly Plant[]>> = {
  'a destination never imports another': [
    { file: 'destinations/npm/planted.ts', source: "export * from '../downloads/report.ts';" },
    {
      file: 'destinations/npm/planted.ts',
      source: "import type { Client } from '../../destinations/maven/client.ts';",
    },
    { file: 'destinations/nuget/planted.ts', source: "import { publish } from '../npm/publish.ts';" },
    { file: 'destinations/npm/parts/planted.ts', source: "import { publish } from '../../maven/publish.ts';" },
    { file: 'destinations/npm/planted.ts', source: "import { destinations } from '../table.ts';" },
  ],
  'a library never imports what uses it': [
    ...['archive', 'compression', 'http', 'io', 'oci'].flatMap((folder) => [
      { file: `${folder}/planted.ts`, source: "import { variables } from '../settings/variables.ts';" },
      { file: `${folder}/planted.ts`, source: "import type { Plan } from '../destinations/npm/plan.ts';" },
      { file: `${folder}/planted.ts`, source: "const { table } = await import('../destinations/table.ts');" },
    ]),
    { file: 'archive/tar/planted.ts', source: "import { variables } from '../../settings/variables.ts';" },
    { file: 'oci/engine/planted.ts', source: "import { variables } from '../../settings/variables.ts';" },
    { file: 'oci/registry/planted.ts', source: "import { explain } from '../../destinations/advice.ts';" },
    { file: 'http/planted.ts', source: "import { openImage } from '../oci/open-image.ts';" },
    { file: 'http/planted.ts', source: "import { readZip } from '../archive/zip.ts';" },
    { file: 'io/planted.ts', source: "import { send } from '../http/send.ts';" },
    { file: 'io/planted.ts', source: "import { readZip } from '../archive/zip.ts';" },
    { file: 'compression/planted.ts', source: "import { readZip } from '../archive/zip.ts';" },
  ],
  'only destinations/table.ts names the destinations': [
    { file: 'destinations/report.ts', source: "import { plan } from './maven/plan.ts';" },
    { file: 'destinations/planted.ts', source: "import type { Plan } from './npm/plan.ts';" },
  ],
  'errors.ts imports only toolkit/': [
    { file: 'errors.ts', source: "import { variables } from './settings/variables.ts';" },
    { file: 'errors.ts', source: "import { explain } from './destinations/advice.ts';" },
    { file: 'errors.ts', source: "import { run } from './run.ts';" },
  ],
  'no import runs upward': [
    { file: 'tools.ts', source: "import { run } from './run.ts';" },
    { file: 'errands.ts', source: "import { perform } from './perform.ts';" },
  ],
  'only http/ and oci/engine/ use the network': [
    { file: 'destinations/npm/planted.ts', source: "import { request } from 'node:https';" },
    { file: 'oci/registry/planted.ts', source: "import { connect } from 'net';" },
    { file: 'settings/planted.ts', source: "export const answer = fetch('https://x.example/');" },
  ],
  'toolkit/ knows nothing of uploads': [
    { file: 'toolkit/planted.ts', source: "import { variables } from '../settings/variables.ts';" },
    { file: 'toolkit/planted.ts', source: "import { send } from '../http/send.ts';" },
    { file: 'toolkit/planted.ts', source: "import { parseJson } from '../io/json.ts';" },
  ],
  'settings/ never imports destinations/': [
    { file: 'settings/planted.ts', source: "import type { Plan } from '../destinations/npm/plan.ts';" },
  ],
  'undici is named in http/ and oci/engine/ only': [
    { file: 'planted.ts', source: "import { Agent } from 'undici';" },
    { file: 'io/planted.ts', source: "import type { Dispatcher } from 'undici';" },
    { file: 'io/planted.ts', source: "import Agent from 'undici/lib/dispatcher/agent.js';" },
    { file: 'oci/registry/planted.ts', source: "import { Agent } from 'undici';" },
    { file: 'destinations/downloads/planted.ts', source: "import { Agent } from 'undici';" },
  ],
  'only destinations/maven/xml.ts parses XML': [
    { file: 'destinations/maven/planted.ts', source: "import { parseXml } from '@rgrove/parse-xml';" },
    { file: 'http/planted.ts', source: "import { parseXml } from '@rgrove/parse-xml';" },
  ],
  'only io/json.ts parses JSON': [
    { file: 'destinations/npm/planted.ts', source: "export const one = JSON.parse('1');" },
    { file: 'oci/engine/planted.ts', source: 'export const { parse } = JSON;' },
    { file: 'io/planted.ts', source: "export const one = JSON['parse']('1');" },
  ],
  'only io/ hashes': [
    { file: 'compression/planted.ts', source: "import { createHash } from 'node:crypto';" },
    { file: 'destinations/maven/planted.ts', source: "import { createHash } from 'node:crypto';" },
    { file: 'oci/layers/planted.ts', source: "import * as crypto from 'node:crypto';" },
    { file: 'http/planted.ts', source: "import { randomBytes, createHash } from 'node:crypto';" },
    { file: 'http/planted.ts', source: "import crypto from 'crypto';" },
    { file: 'destinations/npm/planted.ts', source: "import { hash } from 'node:crypto';" },
    { file: 'oci/planted.ts', source: 'export const { subtle } = crypto;' },
  ],
  'only main.ts touches the process': [
    { file: 'planted.ts', source: 'export const { version } = process;' },
    { file: 'toolkit/planted.ts', source: 'export const here = globalThis.process.cwd();' },
    { file: 'settings/planted.ts', source: "import { env } from 'node:process';" },
    { file: 'destinations/npm/planted.ts', source: 'export const home = process.env.HOME;' },
    { file: 'compression/planted.ts', source: 'process.exit(1);' },
  ],
};

const permitted: readonly Plant[] = [
  { file: 'planted.ts', source: "import { table } from './destinations/table.ts'; import { run } from './run.ts';" },
  { file: 'main.ts', source: 'process.exitCode = 1;' },
  { file: 'toolkit/log.ts', source: "JSON.parse('1');" },
  { file: 'toolkit/planted.ts', source: "import { printable } from './stdout.ts';" },
  { file: 'io/json.ts', source: "JSON.parse('1');" },
  { file: 'io/hashes.ts', source: "import { createHash } from 'node:crypto';" },
  { file: 'io/planted.ts', source: "import { InputError } from '../errors.ts';" },
  { file: 'http/planted.ts', source: "import { Agent } from 'undici'; import { randomBytes } from 'node:crypto';" },
  { file: 'archive/tar/planted.ts', source: "import { reader } from '../content.ts';" },
  { file: 'oci/planted.ts', source: "import { readTar } from '../archive/tar/reader.ts';" },
  { file: 'oci/engine/planted.ts', source: "import { Agent } from 'undici'; import { image } from '../image.ts';" },
  { file: 'oci/registry/planted.ts', source: "import { HttpError } from '../../errors.ts';" },
  { file: 'settings/planted.ts', source: "import { origin } from '../http/loopback.ts';" },
  { file: 'destinations/table.ts', source: "const row = await import('./npm/destination.ts');" },
  { file: 'destinations/planted.ts', source: "import { common } from '../settings/common.ts';" },
  {
    file: 'destinations/npm/planted.ts',
    source: "import { report } from '../report.ts'; import { plan } from './plan.ts';",
  },
  { file: 'destinations/npm/planted.ts', source: "import { common } from '../../settings/common.ts';" },
  { file: 'destinations/image/planted.ts', source: "import { openImage } from '../../oci/open-image.ts';" },
  { file: 'destinations/maven/xml.ts', source: "import { parseXml } from '@rgrove/parse-xml';" },
];

/** The laws that lint reports for each plant. Each plant has its own copy of pipe/'s layout, and one run checks them all. */
const findings = new Map<Plant, string[]>();
/** An import of each top-level file from each folder. */
const upward: Plant[] = [];
let directory = '';

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'laws-'));
  const entries = await readdir(join(root, 'pipe'), { recursive: true, withFileTypes: true });
  const top = entries.filter((entry) => entry.name.endsWith('.ts') && entry.parentPath === join(root, 'pipe'));
  for (const folder of entries.filter((entry) => entry.isDirectory())) {
    const path = relative(join(root, 'pipe'), join(folder.parentPath, folder.name)).replaceAll('\\', '/');
    const up = path.replaceAll(/[^/]+/g, '..');
    for (const { name } of top)
      if (name !== 'errors.ts') upward.push({ file: `${path}/planted.ts`, source: `import '${up}/${name}';` });
  }

  const planted = [...Object.values(violations).flat(), ...permitted, ...upward];
  for (const [index, plant] of planted.entries()) {
    findings.set(plant, []);
    const place = join(directory, String(index));
    await mkdir(dirname(join(place, 'pipe', plant.file)), { recursive: true });
    await cp(join(root, '.oxlintrc.json'), join(place, '.oxlintrc.json'));
    await writeFile(join(place, 'pipe', plant.file), `${plant.source}\n`);
  }
  const command = [join(root, 'ci-scripts/run.mjs'), 'oxlint', '--format=json', '.'];
  const { exitCode, output } = await runCommand(process.execPath, command, { cwd: directory });
  expect(exitCode).toBe(1);
  const { diagnostics }: { diagnostics: readonly { filename: string; message: string; help: string }[] } =
    JSON.parse(output);
  for (const { filename, message, help } of diagnostics) {
    const plant = planted[Number.parseInt(filename, 10)];
    const law = /Law: (.+?)\.(?: |$)/.exec(`${message} ${help}`)?.[1];
    if (plant !== undefined && law !== undefined) findings.get(plant)?.push(law);
  }
});
afterAll(async () => {
  await rm(directory, { recursive: true });
});

describe.each(Object.entries(violations))('%s', (law, plants) => {
  it.each(plants)('$file: $source', (plant) => {
    expect(findings.get(plant)).toEqual([law]);
  });
});

it('forbids a folder to import the top-level files that run it', () => {
  expect(upward.length).toBeGreaterThan(50);
  const laws = /^(?:no import runs upward|toolkit\/ knows nothing of uploads)$/;
  expect(upward.filter((plant) => !findings.get(plant)?.some((law) => laws.test(law)))).toEqual([]);
});

it.each(permitted)('permits in $file: $source', (plant) => {
  expect(findings.get(plant)).toEqual([]);
});
