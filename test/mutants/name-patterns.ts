/** Regular expressions for the names of tests, each short enough to be passed to a program. */

/** Half of what Linux accepts as one argument (execve(2): 32 pages of 4 KiB), in bytes. */
const maxBytes = 65_536;

/** Returns patterns that together match these names and no others, and each name once. */
export function patternsOf(names: readonly string[]): readonly string[] {
  const groups: string[][] = [];
  let bytes = Infinity;
  for (const name of names.map((each) => RegExp.escape(each))) {
    const size = Buffer.byteLength(name) + 1;
    if (bytes + size > maxBytes) {
      groups.push([]);
      bytes = 0;
    }
    groups.at(-1)?.push(name);
    bytes += size;
  }
  return groups.map((group) => `^(?:${group.join('|')})$`);
}
