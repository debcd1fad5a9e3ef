// Writes, beside the bundle, what is in it: esbuild's metafile, the SBOM, and the notices of third-party modules.
import { readFileSync, writeFileSync } from 'node:fs';
import { bundledModules } from './bundled-modules.mjs';
import { formatNotices } from './notices.mjs';
import { component, fileComponent, makeSbom } from './sbom.mjs';

/** @param bundle the path of the bundle, relative to the working directory */
export function describeBundle(metafile, bundle) {
  const { modules, imports } = bundledModules(metafile, metafile.outputs[bundle]);
  const { name, version, license, repository } = JSON.parse(readFileSync('package.json', 'utf8'));
  const files = [fileComponent(bundle, readFileSync(bundle))];
  const subject = component('application', { name, version, license, website: repository, files, dependsOn: imports });
  const components = modules.map((module) => component('library', { ...module, dependsOn: module.imports }));
  const introduction = `${name} contains these npm modules, as parts of its file pipe.js:`;
  writeFileSync('dist/metafile.json', JSON.stringify(metafile));
  writeFileSync('dist/sbom.cdx.json', makeSbom(subject, components));
  writeFileSync('dist/THIRD-PARTY-NOTICES.txt', formatNotices(introduction, modules));
}
