/** Lists the items of a plan in the log: each of a few, but only the first names of many. */

/** So many are worth a line each: the summary has a table of what was published. */
const maxLines = 5;
/** A dry run is there to be read. */
const maxDryRunLines = 50;
/** Those of a log line, without its level. */
const maxColumns = 80 - 'INFO: '.length;
const margin = '  ';

/** An item of a plan, printable. */
export interface PlanItem {
  readonly name: string;
  /** What else is to be said about it. */
  readonly details: string;
}

/** The lines of a plan that list its items. */
export function planLines(items: readonly PlanItem[], isDryRun: boolean): readonly string[] {
  const limit = isDryRun ? maxDryRunLines : maxLines;
  if (!isDryRun && items.length > limit) return [margin + firstNames(items)];
  const lines = items.slice(0, limit).map(({ name, details }) => margin + name + details);
  return items.length > limit ? [...lines, `${margin}… and ${items.length - limit} more`] : lines;
}

/** `a.txt, b.txt and 8 more`: as many as fit on a line, but at least one. */
function firstNames(items: readonly PlanItem[]): string {
  let shown = '';
  for (const [index, { name }] of items.entries()) {
    const more = items.length - index - 1;
    const text = `${shown === '' ? '' : `${shown}, `}${name}`;
    if (index > 0 && `${margin}${text} and ${more} more`.length > maxColumns) return `${shown} and ${more + 1} more`;
    shown = text;
  }
  return shown;
}
