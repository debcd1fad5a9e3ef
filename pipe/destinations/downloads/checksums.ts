/** Lists of SHA-256 sums in the format that `sha256sum --check` reads. */

import { createSha256 } from '../../io/hashes.ts';

export interface Checksum {
  /** The download's name. */
  readonly name: string;
  /** 64 lower-case hexadecimal digits. */
  readonly sha256: string;
}

/** One line for each file, sorted by name. Line breaks and backslashes in names are escaped as in sha256sum(1). */
export function checksumsText(checksums: readonly Checksum[]): string {
  return [...checksums]
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, sha256 }) => {
      const escaped = name.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('\r', '\\r');
      return `${escaped === name ? '' : '\\'}${sha256}  ${escaped}\n`;
    })
    .join('');
}

/** The size and the SHA-256 of a list itself. */
export function measureText(text: string): { readonly size: number; readonly sha256: string } {
  const bytes = Buffer.from(text);
  const hash = createSha256();
  hash.update(bytes);
  return { size: bytes.length, sha256: hash.digest() };
}

/** A list as it was read. */
export interface ChecksumsList {
  readonly text: string;
  /** SHA-256 by name. */
  readonly lines: ReadonlyMap<string, string>;
  /** How many lines are not in the format of sha256sum. */
  readonly otherLines: number;
}

const unescaped: Readonly<Record<string, string>> = { '\\\\': '\\', '\\n': '\n', '\\r': '\r' };

/** Reads a list, whoever wrote it. */
export function parseChecksums(text: string): ChecksumsList {
  const lines = new Map<string, string>();
  let otherLines = 0;
  for (const line of text.split(/\r?\n/)) {
    const [, escape, sha256 = '', name = ''] = /^(\\?)([0-9a-f]{64}) [ *](.+)$/i.exec(line) ?? [];
    if (name !== '')
      lines.set(
        escape === '' ? name : name.replaceAll(/\\[\\nr]/g, (pair) => unescaped[pair] ?? pair),
        sha256.toLowerCase(),
      );
    else if (line.trim() !== '') otherLines++;
  }
  return { text, lines, otherLines };
}
