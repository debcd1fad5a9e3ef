/**
 * Completes a manifest with information from the package's files: the first half of npm's work on it before publishing.
 *
 * @see https://github.com/npm/package-json "prepare", version 8, of npm 12
 */

import { posix } from 'node:path';
import { InputError } from '../../errors.ts';
import { isRecord } from '../../io/json.ts';
import type { PackageTree } from './package-tree.ts';

/** A manifest in progress. Values from JSON may have any shape. */
export type Draft = Record<string, unknown>;

/** The readme of a package that has none: registries recognize this string. */
export const noReadme = 'ERROR: No README data found!';

/**
 * Adds what npm adds, in its order: `scripts`, `contributors`, `readme`, `man`, `bin`, `types`.
 *
 * @throws InputError if `main` is not a string
 */
export function completeManifest(draft: Draft, tree: PackageTree): void {
  addScripts(draft, tree);
  addContributors(draft, tree);
  addReadme(draft, tree);
  expandMan(draft, tree);
  expandBin(draft, tree);
  addTypes(draft, tree);
}

/** Unlike npm 10 and 11, npm 12 does not add `start` for a `server.js`. */
function addScripts(draft: Draft, tree: PackageTree): void {
  const scripts = isRecord(draft['scripts']) ? draft['scripts'] : {};
  if (scripts['install'] || scripts['preinstall'] || draft['gypfile'] === false) return;
  if (!tree.topNames().some((name) => /^[^.].*\.gyp$/s.test(name))) return;
  scripts['install'] = 'node-gyp rebuild';
  // Scripts that are not an object are removed later.
  if (!draft['scripts'] || isRecord(draft['scripts'])) draft['scripts'] = scripts;
  draft['gypfile'] = true;
}

function addContributors(draft: Draft, tree: PackageTree): void {
  const text = tree.text('AUTHORS');
  if (draft['contributors'] || text === undefined) return;
  const lines = text.split(/\r?\n/g).map((line) => line.replace(/^\s*#.*$/, '').trim());
  draft['contributors'] = lines.filter((line) => line !== '');
}

function addReadme(draft: Draft, tree: PackageTree): void {
  if (draft['readme']) return;
  const names = tree.topNames().filter((name) => /^readme(?:\..*)?$/is.test(name) && tree.isFile(name));
  // The first in Markdown; otherwise one without an extension, in capitals.
  const name = names.find((each) => /\.m?a?r?k?d?o?w?n?$/i.test(each)) ?? names.find((each) => each.endsWith('README'));
  if (name !== undefined) {
    draft['readme'] = tree.text(name);
    draft['readmeFilename'] = name;
  }
  if (!draft['readme']) draft['readme'] = noReadme;
}

function expandMan(draft: Draft, tree: PackageTree): void {
  const directory = directoryOf(draft, 'man');
  if (directory !== undefined && !draft['man']) {
    draft['man'] = tree
      .below(directory)
      .filter((path) => /\.[0-9]$/.test(path))
      .map((path) => posix.join(directory, path));
  }
  const given = draft['man'];
  if (given) {
    const pages = (Array.isArray(given) ? (given as readonly unknown[]) : [given])
      .filter((page) => typeof page === 'string')
      .map(withinPackage);
    if (pages.length > 0) {
      draft['man'] = pages;
      return;
    }
  }
  delete draft['man'];
}

function expandBin(draft: Draft, tree: PackageTree): void {
  const directory = directoryOf(draft, 'bin');
  if (directory === undefined || draft['bin']) {
    normalizeBin(draft);
    return;
  }
  const bin: Draft = {};
  for (const path of tree.below(directory)) bin[posix.basename(path)] = `${directory}/${withinPackage(path)}`;
  draft['bin'] = bin;
}

/** The entry in `directories`. */
function directoryOf(draft: Draft, name: 'man' | 'bin'): string | undefined {
  const directories = draft['directories'];
  const directory = isRecord(directories) ? directories[name] : undefined;
  return typeof directory === 'string' && directory !== '' ? withinPackage(directory) : undefined;
}

function normalizeBin(draft: Draft): void {
  const { name } = draft;
  let { bin } = draft;
  if (typeof bin === 'string' && bin !== '' && typeof name === 'string') bin = { [name]: bin };
  else if (Array.isArray(bin)) bin = Object.fromEntries(bin.map((path) => [posix.basename(String(path)), path]));
  if (!isRecord(bin)) {
    delete draft['bin'];
    return;
  }
  for (const key of Object.keys(bin)) {
    const target = bin[key];
    const base = posix.basename(withinPackage(key));
    const path = typeof target === 'string' ? withinPackage(target) : '';
    if (base !== key || base === '' || path === '') delete bin[key];
    if (base !== '' && path !== '') bin[base] = path;
  }
  if (Object.keys(bin).length > 0) draft['bin'] = bin;
  else delete draft['bin'];
}

/** The path with forward slashes, and confined to the package. */
function withinPackage(path: string): string {
  const slashes = (text: string): string => text.replaceAll(/[\\:]/g, '/');
  const secured = slashes(posix.join('.', posix.join('/', slashes(path))));
  // npm joins a path that begins with `/` to `.`, so the result begins with neither.
  return secured.startsWith('./') ? '' : secured;
}

function addTypes(draft: Draft, tree: PackageTree): void {
  const main = draft['main'] || 'index.js';
  if (typeof main !== 'string') throw new InputError('"main" is not a string');
  if ('types' in draft || 'typings' in draft) return;
  const path = posix.join(posix.dirname(main), posix.basename(main, posix.extname(main)));
  if (tree.has(`${path}.d.ts`)) draft['types'] = `./${path}.d.ts`;
}
