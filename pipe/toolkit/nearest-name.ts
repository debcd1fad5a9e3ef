/** Finds the known name that a misspelled one stands for. */

/**
 * The known name that is nearest to the given one; undefined if none is near enough to be meant. Case, `_`, `-` and a plural
 * make no difference; otherwise a mistake or two, depending on the length, are a missing, additional or wrong character, or
 * two that are swapped. If there is no such name, it is the one that has at most its last quarter left out.
 */
export function nearestName(given: string, known: readonly string[]): string | undefined {
  const own = normalized(given);
  if (own === '') return undefined;
  let nearest: { readonly name: string; readonly mistakes: number } | undefined;
  for (const name of known) {
    const other = normalized(name);
    const limit = maxMistakes(Math.max(own.length, other.length));
    if (Math.abs(own.length - other.length) > limit) continue;
    const mistakes = distance(own, other);
    if (mistakes <= limit && mistakes < (nearest?.mistakes ?? Infinity)) nearest = { name, mistakes };
  }
  return nearest?.name ?? known.find((name) => isCutOff(own, normalized(name)));
}

/** Less would take `--compression` for `--compression-level`. */
function isCutOff(given: string, whole: string): boolean {
  return whole.startsWith(given) && given.length * 4 >= whole.length * 3;
}

/** More would take `--help` for `--keep`, and `HOSTNAME` for `USERNAME`. */
function maxMistakes(length: number): number {
  return length < 4 ? 0 : length < 8 ? 1 : 2;
}

/** Dashes may be the long ones that word processors make of two. */
function normalized(name: string): string {
  const bare = name.toLowerCase().replaceAll(/[\s_.\-\u2010-\u2015]+/g, '');
  return bare.length < 4 ? bare : bare.replace(/ies$/, 'y').replace(/(?<!s)s$/, '');
}

/** The optimal string alignment distance: as Levenshtein's, but two neighbours that are swapped are one mistake. */
function distance(a: string, b: string): number {
  let older: readonly number[] = [];
  let old: readonly number[] = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const next = [row];
    for (let column = 1; column <= b.length; column++) {
      const isSame = a[row - 1] === b[column - 1];
      const isSwapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      next.push(
        Math.min(
          (old[column] ?? 0) + 1,
          (next[column - 1] ?? 0) + 1,
          (old[column - 1] ?? 0) + (isSame ? 0 : 1),
          isSwapped ? (older[column - 2] ?? 0) + 1 : Infinity,
        ),
      );
    }
    older = old;
    old = next;
  }
  return old[b.length] ?? 0;
}
