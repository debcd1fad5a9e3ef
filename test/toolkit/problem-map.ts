import { parse } from 'yaml';
import type { Problems } from '../../pipe/toolkit/problems.ts';

/** Problems by variable, read back from the message that users see. */
export function problemMap(problems: Problems | string): Readonly<Record<string, readonly string[]>> {
  return (parse(String(problems)) ?? {}) as Record<string, string[]>;
}
