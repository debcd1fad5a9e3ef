/** Lists the items of a plan in the log: each of a few, but only the first names of many. */

import { aroundName, maxInfoColumns, widthOf } from '../toolkit/columns.ts';
import type { Scrub } from '../toolkit/scrub.ts';

/** So many are worth a line each: the summary has a table of what was published. */
const maxLines = 5;
/** A dry run is there to be read. */
const maxDryRunLines = 50;
const margin = '  ';

/** An item of a plan, printable. */
export interface PlanItem {
  readonly name: string;
  /** What else is to be said about it. */
  readonly details: string;
  /** Written on a line of its own if there is no room for it. */
  readonly more?: string | undefined;
}

/** How a plan is written. */
export interface PlanStyle {
  readonly isDryRun: boolean;
  /** For names that are shortened. */
  readonly scrub: Scrub;
}

/** What is published, and where to: on one line, or on two if it would be too wide. */
export function planHead(
  what: string,
  target: { readonly full: string; readonly short?: string },
  scrub: Scrub,
): readonly string[] {
  const line = [target.full, target.short ?? target.full]
    .map((to) => `${what}, to ${to}`)
    .find((text) => widthOf(scrub(text)) <= maxInfoColumns);
  if (line !== undefined) return [line];
  const before = `${margin}to `;
  const isUrl = URL.canParse(target.full);
  return [`${what},`, isUrl ? before + target.full : aroundName([before, target.full, ''], maxInfoColumns, scrub)];
}

/** The lines of a plan that list its items. */
export function planLines(items: readonly PlanItem[], { isDryRun, scrub }: PlanStyle): readonly string[] {
  const limit = isDryRun ? maxDryRunLines : maxLines;
  const names = items.map(({ name }) => name);
  if (!isDryRun && items.length > limit) return [namesLine(margin, names, scrub)];
  const lines = items.slice(0, limit).flatMap((item) => linesOf(item, scrub));
  return items.length > limit ? [...lines, `${margin}… and ${items.length - limit} more`] : lines;
}

function linesOf({ name, details, more }: PlanItem, scrub: Scrub): readonly string[] {
  const all = more === undefined ? details : `${details}, ${more}`;
  if (more === undefined || widthOf(scrub(margin + name + all)) <= maxInfoColumns)
    return [aroundName([margin, name, all], maxInfoColumns, scrub)];
  return [
    aroundName([margin, name, `${details},`], maxInfoColumns, scrub),
    aroundName([margin + margin, more, ''], maxInfoColumns, scrub),
  ];
}

/** `a.txt, b.txt and 8 more`: as many as fit on a line, but at least one, shortened if need be. */
export function namesLine(before: string, names: readonly string[], scrub: Scrub): string {
  const rest = (index: number): string => (index === names.length - 1 ? '' : ` and ${names.length - 1 - index} more`);
  let shown = aroundName([before, names[0] ?? '', rest(0)], maxInfoColumns, scrub);
  for (let text = before + (names[0] ?? ''), index = 1; index < names.length; index++) {
    text += `, ${names[index]}`;
    const columns = widthOf(scrub(text));
    if (columns > maxInfoColumns) break;
    if (columns + rest(index).length <= maxInfoColumns) shown = text + rest(index);
  }
  return shown;
}
