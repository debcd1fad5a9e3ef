// Extends the bundle's SBOM and notices to all files of the image: describe-image.mjs RUNTIME PIPE FACTS NODE_LICENSE...
// RUNTIME and PIPE become the image; FACTS comes from collect-runtime.sh; Node.js's licences are in the first NODE_LICENSE that exists.
import { appendFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { formatNotices } from './notices.mjs';
import { component, fileComponent, makeSbom } from './sbom.mjs';

const [, , runtime, pipe, facts, ...nodeLicenses] = process.argv;
const sbomPath = join(pipe, 'dist/sbom.cdx.json');
const noticesPath = join(pipe, 'dist/THIRD-PARTY-NOTICES.txt');

/** Debian's files of copyrights do not state SPDX expressions. By source package; only for the files that the image has. */
const licenses = {
  'ca-certificates': 'MPL-2.0',
  'gcc-12': 'GPL-3.0-or-later WITH GCC-exception-3.1',
  glibc: 'LGPL-2.1-or-later',
  libdeflate: 'MIT',
};

const runtimeFiles = filesIn(runtime).map((path) => ({ path, component: describeFile(runtime, path) }));
const parts = [describeNode(), ...debianPackages()];
for (const { path } of runtimeFiles)
  if (!parts.some(({ owns }) => owns(path))) throw new Error(`it is not known which package ${path} comes from`);
const used = parts.filter(({ owns }) => runtimeFiles.some(({ path }) => owns(path)));
const commonLicenses = [
  ...new Set(used.flatMap(({ notice }) => notice.match(/\/usr\/share\/common-licenses\/[\w.-]*\w/g) ?? [])),
].sort();
const introduction = [
  "The image also contains these works. Node.js is the official program, without its debug symbols. The others are Debian's files, unchanged;",
  'their sources are at https://snapshot.debian.org/package/, under the name and the version of the source that is stated with each.',
].join('\n');
const licenseTexts = commonLicenses.map((path) => ({
  name: path,
  license: 'as referred to above',
  website: '',
  notice: readFileSync(path, 'utf8'),
}));
appendFileSync(noticesPath, `\n${formatNotices(introduction, [...used, ...licenseTexts])}`);

const { metadata, components, dependencies } = JSON.parse(readFileSync(sbomPath, 'utf8'));
const dependsOnOf = (reference) => dependencies.find(({ ref }) => ref === reference).dependsOn;
const own = filesIn(pipe).map((path) => describeFile(pipe, path));
const modules = components.map((each) => ({ ...each, dependsOn: dependsOnOf(each['bom-ref']) }));
const others = used.map((part) =>
  component(part.type, {
    ...part,
    files: runtimeFiles.filter(({ path }) => part.owns(path)).map((file) => file.component),
  }),
);
const subject = {
  ...metadata.component,
  type: 'container',
  components: own,
  dependsOn: [...dependsOnOf(metadata.component['bom-ref']), ...others.map((each) => each['bom-ref'])],
};
writeFileSync(sbomPath, makeSbom(subject, [...modules, ...others]));

/** Paths of all files, from the image's root, without links, which a recursive `readdirSync` would follow. */
function filesIn(root, directory = root) {
  return readdirSync(directory, { withFileTypes: true })
    .flatMap((entry) => {
      const path = join(directory, entry.name);
      if (entry.isDirectory()) return filesIn(root, path);
      return entry.isFile() ? [relative(root, path)] : [];
    })
    .sort((one, other) => (one < other ? -1 : 1));
}

/** The SBOM cannot state its own hash. */
function describeFile(root, path) {
  const file = join(root, path);
  return fileComponent(path, file === sbomPath ? undefined : readFileSync(file));
}

/** Nothing of the image is run, since it may be of another architecture: the program contains the address of its headers. */
function describeNode() {
  const path = 'usr/local/bin/node';
  const program = readFileSync(join(runtime, path));
  const end = program.indexOf('-headers.tar.gz');
  const version = /node-v([\d.]+)$/.exec(program.toString('latin1', end - 20, end))?.[1];
  if (!version) throw new Error('the version of Node.js is not in its program');
  const license = nodeLicenses.find((each) => existsSync(each));
  if (!license) throw new Error(`Node.js's licences are in none of ${nodeLicenses.join(', ')}`);
  return {
    type: 'application',
    name: 'node',
    version,
    license: 'MIT',
    website: 'https://nodejs.org',
    purl: `pkg:generic/node@${version}`,
    cpe: `cpe:2.3:a:nodejs:node.js:${version}:*:*:*:*:*:*:*`,
    notice: readFileSync(license, 'utf8'),
    owns: (each) => each === path,
  };
}

function debianPackages() {
  return readdirSync(facts).flatMap((distribution) =>
    readdirSync(join(facts, distribution)).map((name) => {
      const read = (file) => readFileSync(join(facts, distribution, name, file), 'utf8');
      const { version, architecture, source, sourceVersion } = JSON.parse(read('package.json'));
      if (!(source in licenses)) throw new Error(`the licence of Debian's ${source} is not in describe-image.mjs`);
      // The image has the packages' files at other paths, such as usr/lib instead of lib.
      const names = new Set(
        read('files.txt')
          .split('\n')
          .map((path) => basename(path)),
      );
      const qualifiers = `arch=${architecture}&distro=${distribution}&upstream=${source}`;
      return {
        type: 'library',
        name,
        version,
        license: licenses[source],
        website: `https://tracker.debian.org/pkg/${source}`,
        purl: `pkg:deb/debian/${encodeURIComponent(name)}@${encodeURIComponent(version)}?${qualifiers}`,
        notice: `Source: ${source} ${sourceVersion}\n\n${read('copyright')}`,
        owns: (path) => names.has(basename(path)),
      };
    }),
  );
}
