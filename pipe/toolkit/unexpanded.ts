/** Finds references to variables that Pipelines, or a shell, could not expand and passed on as they are. */

import type { Environment } from './environment.ts';

/** A dollar sign in a value: it always begins a reference, or does not after a letter, or only if there is nothing else. */
export type DollarRule = 'reference' | 'ordinary after a letter' | 'ordinary in a password';

const patterns: Readonly<Record<DollarRule, RegExp>> = {
  reference: /\$(?:\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*))/,
  'ordinary after a letter': /\$\{([A-Za-z_]\w*)\}|(?<!\w)\$([A-Za-z_]\w*)/,
  'ordinary in a password': /^\s*\$(?:\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*))(?:\$(?:\{\w+\}|\w+))*\s*$/,
};

/** The first name that is not expanded in the value; undefined if there is none. */
export function unexpandedName(value: string, rule: DollarRule = 'reference'): string | undefined {
  const match = patterns[rule].exec(value);
  return match?.[1] ?? match?.[2];
}

/** The problem with a secret that is nothing but a reference: which one is not told, since it may be the secret itself. */
export const unexpandedSecret =
  'is a reference that was not expanded: is the variable that it names defined for this repository, workspace or deployment, or earlier in this step?';

/** The problem with a value that contains a reference to this name. It does not quote the value. */
export function unexpandedProblem(name: string): string {
  return `contains $${name}, which was not expanded: is ${name} defined for this repository, workspace or deployment, or earlier in this step?`;
}

/** The values of an array's items, or of the one variable that is not an array after all. */
export function valuesOf(env: Environment, name: string): readonly string[] {
  const items = Object.keys(env).filter(
    (key) => key.startsWith(`${name}_`) && /^\d+$/.test(key.slice(name.length + 1)),
  );
  return (items.length > 0 ? items : [name]).flatMap((key) => env[key] ?? []);
}
