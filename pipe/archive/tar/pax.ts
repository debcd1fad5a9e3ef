/**
 * Reads the records of a pax extended header.
 *
 * @see POSIX.1-2024, pax, "pax Extended Header"
 */

import { InputError } from '../../errors.ts';

/** The keywords that matter to a reader of names and content; any others (ACLs, attributes, comments) are not kept. */
const kept: ReadonlySet<string> = new Set(['path', 'linkpath', 'size']);
/** One keyword stands for all of a sparse file's. */
export const sparse = 'GNU.sparse';

/**
 * Reads records of the form `"%d %s=%s\n"`: the length of the whole record in bytes, the keyword, the value. Keeps `path`,
 * `linkpath`, `size`, and, as one, those of sparse files.
 *
 * @param where names the header in messages
 * @throws InputError if a record is malformed
 */
export function parsePaxRecords(bytes: Buffer, where: string): ReadonlyMap<string, string> {
  const records = new Map<string, string>();
  let position = 0;
  while (position < bytes.length) {
    const space = bytes.indexOf(0x20, position);
    const digits = space === -1 ? '' : bytes.toString('latin1', position, space);
    const end = /^[1-9][0-9]{0,8}$/.test(digits) ? position + Number(digits) : 0;
    const equals = bytes.indexOf(0x3d, space + 1);
    if (end <= space || end > bytes.length || bytes[end - 1] !== 0x0a || equals === -1 || equals >= end) {
      throw new InputError(`${where} has a malformed pax record: the archive is damaged`);
    }
    const keyword = bytes.toString('utf8', space + 1, equals);
    const value = bytes.toString('utf8', equals + 1, end - 1);
    // An empty value is kept: it cancels the value of a global header.
    if (kept.has(keyword)) records.set(keyword, value);
    else if (keyword.startsWith(`${sparse}.`)) records.set(sparse, value);
    position = end;
  }
  return records;
}
