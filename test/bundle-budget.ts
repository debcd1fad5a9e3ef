/** Compares the size of each part of the bundle with its budget. */

/** Of esbuild's metafile. Paths are relative to the directory of the build. */
export interface BundleOutput {
  readonly bytes: number;
  readonly inputs: Readonly<Record<string, { readonly bytesInOutput: number }>>;
}

/** Bytes by part. */
export type Budgets = Readonly<Record<string, number>>;

/**
 * A sentence for each part that is larger than its budget, with its largest files, that has no budget, or that is no longer
 * in the bundle.
 */
export function overBudget({ bytes, inputs }: BundleOutput, budgets: Budgets): readonly string[] {
  const parts = new Map<string, [path: string, bytes: number][]>();
  for (const [path, { bytesInOutput }] of Object.entries(inputs)) {
    const part = partOf(path);
    parts.set(part, [...(parts.get(part) ?? []), [path, bytesInOutput]]);
  }
  const sizes = new Map([...parts].map(([part, files]) => [part, files.reduce((sum, [, size]) => sum + size, 0)]));
  sizes.set('all', bytes);
  const large = [...sizes].flatMap(([part, size]) => {
    const budget = budgets[part];
    if (budget !== undefined && size <= budget) return [];
    const largest = (parts.get(part) ?? [])
      .toSorted(([, one], [, other]) => other - one)
      .slice(0, 5)
      .map(([path, fileSize]) => `${path} ${fileSize}`);
    const limit = budget === undefined ? 'has no budget' : `budget ${budget}`;
    return [[`${part}: ${size} bytes, ${limit}`, ...largest].join('; ')];
  });
  const gone = Object.keys(budgets).filter((part) => !sizes.has(part));
  return [...large, ...gone.map((part) => `${part}: has a budget, but is not in the bundle`)];
}

/** An npm module, a folder of pipe/, or `pipe` for the files at its top. */
function partOf(path: string): string {
  const [, name] = /^.*\bnode_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path) ?? [];
  return name ?? /^pipe\/[^/]+(?=\/)/.exec(path)?.[0] ?? path.split('/', 1)[0] ?? path;
}
