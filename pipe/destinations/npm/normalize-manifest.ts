/**
 * Normalizes a manifest to the form that registries expect: the second half of npm's work on it before publishing.
 *
 * @see https://github.com/npm/package-json "normalizeData", version 8, of npm 12
 */

import hostedGitInfo from 'hosted-git-info';
import clean from 'semver/functions/clean.js';
import { InputError } from '../../errors.ts';
import { isRecord } from '../../io/json.ts';
import { type Draft, noReadme } from './complete-manifest.ts';
import { isPackageName } from './names.ts';

/**
 * Normalizes the name, the version and every field that can be written in several ways, in npm's order.
 *
 * @throws InputError if there is no valid name or version
 */
export function normalizeManifest(draft: Draft): void {
  const { name, version } = draft;
  draft['name'] = normalizeName(name);
  draft['version'] = normalizeVersion(version);
  for (const key of Object.keys(draft)) if (key.startsWith('_')) delete draft[key];
  draft['_id'] = `${draft['name'] as string}@${draft['version'] as string}`;
  normalizeBundle(draft);
  normalizeScripts(draft);
  normalizeRepository(draft);
  normalizeDependencies(draft);
  normalizeDescriptionAndFiles(draft);
  normalizeBugs(draft);
  normalizeLists(draft);
  completeBundle(draft);
  normalizeHomepage(draft);
  if (!draft['readme']) draft['readme'] = noReadme;
  normalizePeople(draft);
}

function normalizeName(name: unknown): string {
  if (name === undefined || name === null || name === '') throw new InputError('it has no name');
  const trimmed = typeof name === 'string' ? name.trim() : '';
  if (!isPackageName(trimmed))
    throw new InputError(
      `its name ${JSON.stringify(name)} is not a valid package name (for example lib or @scope/lib)`,
    );
  return trimmed;
}

/** Drops build metadata, which registries ignore when they compare versions. */
function normalizeVersion(version: unknown): string {
  if (version === undefined || version === null || version === '') throw new InputError('it has no version');
  const cleaned = typeof version === 'string' ? clean(version, { loose: true }) : null;
  if (cleaned === null || clean(cleaned) === null)
    throw new InputError(
      `its version ${JSON.stringify(version)} is not valid semver (for example 1.2.3): see https://semver.org`,
    );
  return cleaned;
}

/** Reduces two spellings to one, with a list of names. */
function normalizeBundle(draft: Draft): void {
  if (draft['bundleDependencies'] === undefined && draft['bundledDependencies'] !== undefined)
    draft['bundleDependencies'] = draft['bundledDependencies'];
  delete draft['bundledDependencies'];
  const { bundleDependencies: bundle } = draft;
  if (bundle === true) draft['bundleDependencies'] = Object.keys(draft['dependencies'] || {});
  else if (isRecord(bundle)) draft['bundleDependencies'] = Object.keys(bundle);
  else if (!Array.isArray(bundle)) delete draft['bundleDependencies'];
}

function normalizeScripts(draft: Draft): void {
  const { scripts } = draft;
  // npm publishes a list unchanged.
  if (scripts === undefined || scripts === null || Array.isArray(scripts)) return;
  if (!isRecord(scripts)) {
    delete draft['scripts'];
    return;
  }
  for (const [name, script] of Object.entries(scripts)) {
    if (typeof script !== 'string') delete scripts[name];
    else scripts[name] = script.replace(/^(?:\.[/\\])?node_modules[/\\].bin[\\/]/, '');
  }
}

function normalizeRepository(draft: Draft): void {
  if (draft['repositories']) draft['repository'] = (draft['repositories'] as Draft)[0];
  if (typeof draft['repository'] === 'string' && draft['repository'] !== '')
    draft['repository'] = { type: 'git', url: draft['repository'] };
  const { repository } = draft;
  if (!isRecord(repository)) return;
  const hosted = hostOf(repository['url']);
  if (hosted !== undefined)
    repository['url'] = hosted.getDefaultRepresentation() === 'shortcut' ? hosted.https() : hosted.toString();
}

function hostOf(url: unknown): hostedGitInfo | undefined {
  return typeof url === 'string' ? (hostedGitInfo.fromUrl(url) ?? undefined) : undefined;
}

function normalizeDependencies(draft: Draft): void {
  for (const kind of ['dependencies', 'devDependencies', 'optionalDependencies']) {
    let listed = draft[kind];
    if (typeof listed === 'string' && listed !== '') listed = listed.trim().split(/[\n\r\s\t ,]+/);
    if (Array.isArray(listed)) draft[kind] = Object.fromEntries(listed.filter(isString).map(parseDependency));
  }
  for (const kind of ['dependencies', 'devDependencies']) {
    if (!(kind in draft)) continue;
    const wanted = draft[kind];
    if (!isRecord(wanted)) {
      delete draft[kind];
      continue;
    }
    for (const [name, range] of Object.entries(wanted)) {
      const hosted = hostOf(range)?.toString();
      if (!isString(range)) delete wanted[name];
      else if (hosted !== undefined && hosted !== '') wanted[name] = hosted;
    }
  }
}

/** `name@range`, `name >=1`. */
function parseDependency(text: string): readonly [string, string] {
  const [name = '', ...range] = text.trim().split(/(:?[@\s><=])/);
  return [name, range.join('').replace(/^@/, '').trim()];
}

function normalizeDescriptionAndFiles(draft: Draft): void {
  if (draft['description'] && !isString(draft['description'])) delete draft['description'];
  if (isString(draft['readme']) && !draft['description'] && draft['readme'] !== noReadme)
    draft['description'] = firstParagraph(draft['readme']);
  if (draft['description'] === undefined) delete draft['description'];
  if (draft['modules']) delete draft['modules'];
  const { files } = draft;
  if (files && !Array.isArray(files)) delete draft['files'];
  else if (Array.isArray(files)) draft['files'] = files.filter(isNonEmptyString);
}

/** The first lines of a README, up to a blank line, after its leading headings. */
function firstParagraph(readme: string): string {
  const lines = readme.trim().split('\n');
  let start = lines.findIndex((line) => !/^(?:#|$)/.test(line.trim()));
  if (start === -1) start = lines.length;
  let end = start + 1;
  while (end < lines.length && lines[end]?.trim()) end++;
  return lines.slice(start, end).join(' ').trim();
}

function normalizeBugs(draft: Draft): void {
  const { repository } = draft;
  const given = draft['bugs'];
  if (!given) {
    const url = hostOf(isRecord(repository) ? repository['url'] : undefined)?.bugs();
    if (url) draft['bugs'] = { url };
    return;
  }
  let bugs: unknown = given;
  if (isString(given)) {
    bugs = isEmail(given) ? { email: given } : URL.canParse(given) ? { url: given } : given;
  } else if (isRecord(given)) {
    // If there are several, the last one wins.
    const url =
      Object.entries(given)
        .filter(([key]) => key === 'web' || key === 'name')
        .at(-1)?.[1] ?? given['url'];
    const { email } = given;
    bugs = {
      ...(isString(url) && URL.canParse(url) ? { url } : {}),
      ...(isString(email) && isEmail(email) ? { email } : {}),
    };
  }
  if (isRecord(bugs) && (bugs['email'] || bugs['url'])) draft['bugs'] = bugs;
  else delete draft['bugs'];
}

function normalizeLists(draft: Draft): void {
  let { keywords } = draft;
  if (isString(keywords)) keywords = keywords.split(/,\s+/);
  if (Array.isArray(keywords)) draft['keywords'] = keywords.filter(isNonEmptyString);
  else if (keywords) delete draft['keywords'];
}

/** Makes every bundled package a dependency. */
function completeBundle(draft: Draft): void {
  const { bundleDependencies: bundle } = draft;
  if (!Array.isArray(bundle)) return;
  const names = bundle.filter(isNonEmptyString);
  draft['bundleDependencies'] = names;
  for (const name of names) {
    if (!draft['dependencies']) draft['dependencies'] = {};
    const { dependencies } = draft;
    if (isRecord(dependencies) && !Object.hasOwn(dependencies, name)) dependencies[name] = '*';
  }
}

function normalizeHomepage(draft: Draft): void {
  const { repository } = draft;
  if (!draft['homepage'] && isRecord(repository)) {
    const hosted = hostOf(repository['url']);
    if (hosted !== undefined) draft['homepage'] = hosted.docs();
  }
  const { homepage } = draft;
  if (!homepage) return;
  if (!isString(homepage)) delete draft['homepage'];
  else if (!URL.canParse(homepage)) draft['homepage'] = `http://${homepage}`;
}

function normalizePeople(draft: Draft): void {
  if (draft['author']) draft['author'] = parsePerson(draft['author']);
  for (const list of ['maintainers', 'contributors']) {
    const people = draft[list];
    if (Array.isArray(people)) draft[list] = people.map(parsePerson);
  }
}

/** Parses `Name <email> (url)`, or an object with these fields. */
function parsePerson(person: unknown): Readonly<Record<string, string>> {
  const text = isString(person) ? person : formatPerson(isRecord(person) ? person : {});
  const name = /^([^(<]+)/.exec(text)?.[0].trim();
  const url = /\(([^()]+)\)/.exec(text)?.[1];
  const email = /<([^<>]+)>/.exec(text)?.[1];
  return { ...(name && { name }), ...(email && { email }), ...(url && { url }) };
}

function formatPerson(person: Draft): string {
  const url = person['url'] || person['web'];
  const email = person['email'] || person['mail'];
  return `${stringOf(person['name'])}${email ? ` <${stringOf(email)}>` : ''}${url ? ` (${stringOf(url)})` : ''}`;
}

function stringOf(value: unknown): string {
  return isString(value) || typeof value === 'number' ? String(value) : '';
}

function isEmail(text: string): boolean {
  return text.includes('@') && text.indexOf('@') < text.lastIndexOf('.');
}

function isString(value: unknown): value is string {
  return typeof value === 'string';
}

function isNonEmptyString(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}
