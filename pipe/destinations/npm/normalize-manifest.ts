/**
 * Makes a manifest what registries expect: the second half of what npm does to it before it publishes.
 *
 * @see https://github.com/npm/package-json "normalizeData", version 7, of npm 11
 */

import hostedGitInfo from 'hosted-git-info';
import clean from 'semver/functions/clean.js';
import { InputError } from '../../errors.ts';
import { isRecord } from '../../io/json.ts';
import { type Draft, noReadme } from './complete-manifest.ts';
import { isPackageName } from './names.ts';

/**
 * Puts name, version and everything that people write in several ways into one form, in npm's order.
 *
 * @throws InputError where there is no valid name or version
 */
export function normalizeManifest(draft: Draft): void {
  const { name, version } = draft;
  draft['name'] = normalName(name);
  draft['version'] = normalVersion(version);
  for (const key of Object.keys(draft)) if (key.startsWith('_')) delete draft[key];
  draft['_id'] = `${draft['name'] as string}@${draft['version'] as string}`;
  normalizeBundle(draft);
  normalizeScripts(draft);
  normalizeRepository(draft);
  normalizeDependencies(draft);
  normalizeTexts(draft);
  normalizeBugs(draft);
  normalizeLists(draft);
  completeBundle(draft);
  normalizeHomepage(draft);
  if (!draft['readme']) draft['readme'] = noReadme;
  normalizePeople(draft);
}

function normalName(name: unknown): string {
  if (name === undefined || name === null || name === '') throw new InputError('it has no name');
  const trimmed = typeof name === 'string' ? name.trim() : '';
  if (!isPackageName(trimmed))
    throw new InputError(`its name ${JSON.stringify(name)} is no name of a package, such as lib or @scope/lib`);
  return trimmed;
}

/** Without build metadata, which no registry tells versions apart by. */
function normalVersion(version: unknown): string {
  if (version === undefined || version === null || version === '') throw new InputError('it has no version');
  const cleaned = typeof version === 'string' ? clean(version, { loose: true }) : null;
  if (cleaned === null || clean(cleaned) === null)
    throw new InputError(
      `its version ${JSON.stringify(version)} is none, such as 1.2.3 or 1.2.3-beta.1 (https://semver.org)`,
    );
  return cleaned;
}

/** One of two spellings, and a list of names. */
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
  // npm publishes a list as it is.
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
    if (Array.isArray(listed)) draft[kind] = Object.fromEntries(listed.filter(isText).map(parseDependency));
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
      if (!isText(range)) delete wanted[name];
      else if (hosted !== undefined && hosted !== '') wanted[name] = hosted;
    }
  }
}

/** `name@range`, `name >=1`. */
function parseDependency(text: string): readonly [string, string] {
  const [name = '', ...range] = text.trim().split(/(:?[@\s><=])/);
  return [name, range.join('').replace(/^@/, '').trim()];
}

function normalizeTexts(draft: Draft): void {
  if (draft['description'] && !isText(draft['description'])) delete draft['description'];
  if (isText(draft['readme']) && !draft['description'] && draft['readme'] !== noReadme)
    draft['description'] = firstParagraph(draft['readme']);
  if (draft['description'] === undefined) delete draft['description'];
  if (draft['modules']) delete draft['modules'];
  const { files } = draft;
  if (files && !Array.isArray(files)) delete draft['files'];
  else if (Array.isArray(files)) draft['files'] = files.filter(isFilledText);
}

/** The first block of a README's lines that is not under its first headings alone. */
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
  if (isText(given)) {
    bugs = isEmail(given) ? { email: given } : URL.canParse(given) ? { url: given } : given;
  } else if (isRecord(given)) {
    // Of several, the last one counts.
    const url =
      Object.entries(given)
        .filter(([key]) => key === 'web' || key === 'name')
        .at(-1)?.[1] ?? given['url'];
    const { email } = given;
    bugs = {
      ...(isText(url) && URL.canParse(url) ? { url } : {}),
      ...(isText(email) && isEmail(email) ? { email } : {}),
    };
  }
  if (isRecord(bugs) && (bugs['email'] || bugs['url'])) draft['bugs'] = bugs;
  else delete draft['bugs'];
}

function normalizeLists(draft: Draft): void {
  let { keywords } = draft;
  if (isText(keywords)) keywords = keywords.split(/,\s+/);
  if (Array.isArray(keywords)) draft['keywords'] = keywords.filter(isFilledText);
  else if (keywords) delete draft['keywords'];
}

/** What is bundled is depended on. */
function completeBundle(draft: Draft): void {
  const { bundleDependencies: bundle } = draft;
  if (!Array.isArray(bundle)) return;
  const names = bundle.filter(isFilledText);
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
  if (!isText(homepage)) delete draft['homepage'];
  else if (!URL.canParse(homepage)) draft['homepage'] = `http://${homepage}`;
}

function normalizePeople(draft: Draft): void {
  if (draft['author']) draft['author'] = parsePerson(draft['author']);
  for (const list of ['maintainers', 'contributors']) {
    const people = draft[list];
    if (Array.isArray(people)) draft[list] = people.map(parsePerson);
  }
}

/** `Name <email> (url)`, or an object of them. */
function parsePerson(person: unknown): Readonly<Record<string, string>> {
  const text = isText(person) ? person : personText(isRecord(person) ? person : {});
  const name = /^([^(<]+)/.exec(text)?.[0].trim();
  const url = /\(([^()]+)\)/.exec(text)?.[1];
  const email = /<([^<>]+)>/.exec(text)?.[1];
  return { ...(name && { name }), ...(email && { email }), ...(url && { url }) };
}

function personText(person: Draft): string {
  const url = person['url'] || person['web'];
  const email = person['email'] || person['mail'];
  return `${asText(person['name'])}${email ? ` <${asText(email)}>` : ''}${url ? ` (${asText(url)})` : ''}`;
}

function asText(value: unknown): string {
  return isText(value) || typeof value === 'number' ? String(value) : '';
}

function isEmail(text: string): boolean {
  return text.includes('@') && text.indexOf('@') < text.lastIndexOf('.');
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function isFilledText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}
