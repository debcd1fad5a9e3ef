// Lists the npm modules in a bundle, as esbuild's metafile states them, with their licences.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Parts of modules that are works of others, without a package of their own. */
const embedded = [
  {
    name: 'llhttp',
    pattern: /\/undici\/lib\/llhttp\//,
    license: 'MIT',
    website: 'https://github.com/nodejs/llhttp',
    notice: 'ci-scripts/llhttp-license.txt',
  },
];

/**
 * @param output the bundle's entry in the metafile's `outputs`
 * @returns `modules`, sorted: { name, version, license, website, notice, purl, sha512, imports }, without version, purl and
 *   sha512 if the module has no package of its own; and `imports`, those of this project's own files; imports are names or purls
 */
export function bundledModules(metafile, output) {
  const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8'));
  const modules = new Map();
  const imports = new Map([[undefined, new Set()]]);
  for (const path of Object.keys(output.inputs)) {
    const place = placeOf(path);
    if (place !== undefined && !modules.has(place)) modules.set(place, describe(place, packages));
    if (!imports.has(place)) imports.set(place, new Set());
    for (const imported of metafile.inputs[path].imports)
      if (imported.path in output.inputs) imports.get(place).add(placeOf(imported.path));
  }
  const referencesFrom = (place) =>
    [...imports.get(place)]
      .filter((each) => each !== undefined && each !== place)
      .map((each) => modules.get(each).purl ?? each)
      .sort((one, other) => (one < other ? -1 : 1));
  return {
    modules: [...modules]
      .map(([place, module]) => ({ ...module, imports: referencesFrom(place) }))
      .sort((one, other) => (one.name < other.name ? -1 : 1)),
    imports: referencesFrom(undefined),
  };
}

/** The directory of the module that a path belongs to, or the name of an embedded part; undefined for this project's own files. */
function placeOf(path) {
  const part = embedded.find(({ pattern }) => pattern.test(path));
  return part?.name ?? /^.*\bnode_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0];
}

function describe(place, packages) {
  const part = embedded.find(({ name }) => name === place);
  if (part) return { ...part, notice: readFileSync(part.notice, 'utf8') };
  const { name, version, license, homepage } = JSON.parse(readFileSync(join(place, 'package.json'), 'utf8'));
  const files = readdirSync(place).filter((file) => /^(?:licen[cs]e|copying|notice)/i.test(file));
  if (!license || files.length === 0) throw new Error(`${name} states no licence, or has no file with its text`);
  // Where node_modules is a link, esbuild names its target.
  const { integrity = '' } = packages[place.slice(place.indexOf('node_modules/'))] ?? {};
  const sha512 = /^sha512-(.+)$/.exec(integrity)?.[1];
  if (!sha512) throw new Error(`package-lock.json states no SHA-512 of ${name}`);
  return {
    name,
    version,
    license,
    website: homepage ?? `https://www.npmjs.com/package/${name}`,
    notice: files.map((file) => readFileSync(join(place, file), 'utf8')).join('\n'),
    purl: `pkg:npm/${name.replace('@', '%40')}@${version}`,
    sha512: Buffer.from(sha512, 'base64').toString('hex'),
  };
}
