/** Collects the problems with the variables, and formats them as the pipes toolkits do: a YAML map of lists. */

import { printable } from './stdout.ts';

/** Problems by variable, in the order in which they are found. */
export class Problems {
  readonly #byVariable = new Map<string, string[]>();
  readonly #closed = new Set<string>();
  readonly #warnings: { readonly variable: string; readonly text: string }[] = [];

  add(variable: string, problem: string): void {
    if (this.#closed.has(variable)) return;
    const known = this.#byVariable.get(variable);
    if (known === undefined) this.#byVariable.set(variable, [problem]);
    else if (!known.includes(problem)) known.push(problem);
  }

  /** Leaves out further problems of this variable: they would follow from those that are known. */
  close(variable: string): void {
    this.#closed.add(variable);
  }

  /** Adds a warning, which does not make the variables invalid. @param variable whose problems would say the same */
  warn(variable: string, text: string): void {
    this.#warnings.push({ variable, text });
  }

  get warnings(): readonly string[] {
    return this.#warnings.filter(({ variable }) => !this.has(variable)).map(({ text }) => text);
  }

  has(variable: string): boolean {
    return this.#byVariable.has(variable);
  }

  get isEmpty(): boolean {
    return this.#byVariable.size === 0;
  }

  /** The block after `Validation errors:`, as in `TOKEN:\n- required field`. */
  toString(): string {
    return [...this.#byVariable]
      .map(([variable, problems]) =>
        [`${printable(variable)}:`, ...problems.map((problem) => `- ${yamlScalar(problem)}`)].join('\n'),
      )
      .join('\n');
  }
}

/** The variables are not valid; `message` is the printable list of problems. */
export class ValidationError extends Error {
  override readonly name = 'ValidationError';
  readonly warnings: readonly string[];

  constructor(problems: Problems) {
    super(`Validation errors:\n${problems.toString()}`);
    this.warnings = problems.warnings;
  }
}

// YAML 1.2, 7.3.3: a plain scalar may not start with an indicator, contain ": " or " #", or end in a space. Only such
// strings are quoted. Strings with control characters are written as JSON, whose escapes YAML shares.
function yamlScalar(text: string): string {
  const escaped = printable(text);
  if (escaped !== text) return escaped;
  return /^[A-Za-z0-9/(]/.test(text) && !/: |:$| #| $/.test(text) ? text : `'${text.replaceAll("'", "''")}'`;
}
