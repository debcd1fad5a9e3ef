/**
 * Versions of Python packages, in the forms in which they can be compared.
 *
 * @see https://packaging.python.org/en/latest/specifications/version-specifiers/ (PEP 440, appendix B)
 */

/*
 * version = ["v"] [epoch "!"] release [pre] [post] [dev] ["+" local]
 * Everything is read without regard to case, and with ".", "-", "_" or nothing before a word.
 */
const pattern = new RegExp(
  [
    String.raw`^v?(?:(?<epoch>\d+)!)?(?<release>\d+(?:\.\d+)*)`,
    String.raw`(?:[-_.]?(?<pre>alpha|beta|preview|pre|a|b|c|rc)[-_.]?(?<preNumber>\d+)?)?`,
    String.raw`(?<post>-(?<implicitPost>\d+)|[-_.]?(?:post|rev|r)[-_.]?(?<postNumber>\d+)?)?`,
    String.raw`(?<dev>[-_.]?dev[-_.]?(?<devNumber>\d+)?)?`,
    String.raw`(?:\+(?<local>[a-z0-9]+(?:[-_.][a-z0-9]+)*))?$`,
  ].join(''),
  'i',
);

const shortNames: Readonly<Record<string, string>> = { alpha: 'a', beta: 'b', c: 'rc', pre: 'rc', preview: 'rc' };
/** Longer than any version; the pattern takes longer with each character. */
const maxCharacters = 500;

/** The version in its normal form, as builders write it (PEP 440, "Normalization"); undefined if it is not a valid version. */
export function normalVersion(text: string): string | undefined {
  return normalize(text, (release) => release);
}

/**
 * The form that all equal versions have in common: without zeros at the end of the release, since `1.0` and `1.0.0` are the
 * same version. Undefined if it is not a valid version.
 */
export function canonicalVersion(text: string): string | undefined {
  return normalize(text, (release) => {
    const last = release.findLastIndex((part) => part !== '0');
    return release.slice(0, Math.max(1, last + 1));
  });
}

function normalize(text: string, toRelease: (parts: readonly string[]) => readonly string[]): string | undefined {
  const trimmed = text.trim();
  const found = trimmed.length > maxCharacters ? undefined : pattern.exec(trimmed)?.groups;
  if (found === undefined) return undefined;
  const { epoch = '0', release = '', pre, preNumber, post, implicitPost, postNumber, dev, devNumber, local } = found;
  const word = pre?.toLowerCase();
  return [
    withoutZeros(epoch) === '0' ? '' : `${withoutZeros(epoch)}!`,
    toRelease(release.split('.').map(withoutZeros)).join('.'),
    word === undefined ? '' : `${shortNames[word] ?? word}${withoutZeros(preNumber)}`,
    post === undefined ? '' : `.post${withoutZeros(implicitPost ?? postNumber)}`,
    dev === undefined ? '' : `.dev${withoutZeros(devNumber)}`,
    local === undefined ? '' : `+${local.toLowerCase().split(/[-_.]/).map(localPart).join('.')}`,
  ].join('');
}

/** Whether both are valid, and the same version. */
export function isSameVersion(one: string, other: string): boolean {
  const canonical = canonicalVersion(one);
  return canonical !== undefined && canonical === canonicalVersion(other);
}

function localPart(part: string): string {
  return /^\d+$/.test(part) ? withoutZeros(part) : part;
}

/** A number as it is written; a missing one is 0. Not as a Number, which would round one of many digits. */
function withoutZeros(digits = '0'): string {
  return digits.replace(/^0+(?=\d)/, '');
}
