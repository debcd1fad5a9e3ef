/**
 * Keeps SHA256SUMS complete although several runs write it: what is there is merged, and read back until it has this run's
 * lines. Downloads knows no conditions for a request, so that a run can only see afterwards that another has overwritten it.
 */

import { HttpError, VerificationError } from '../../errors.ts';
import { readBytes } from '../../http/answer.ts';
import { askUntil, type Patience, pause } from '../../http/read-back.ts';
import { bytesBody } from '../../io/body.ts';
import { mapConcurrently } from '../../io/map-concurrently.ts';
import type { Log } from '../../toolkit/log.ts';
import { printable } from '../../toolkit/stdout.ts';
import { formatCount } from '../../toolkit/units.ts';
import { type Checksum, type ChecksumsList, checksumsText, measureText, parseChecksums } from './checksums.ts';
import type { DownloadsClient } from './client.ts';
import { uploadConfirmed } from './confirmed-upload.ts';
import { checksumsName } from './plan.ts';
import { readDigest } from './verify.ts';

export interface MergeTools {
  readonly client: DownloadsClient;
  readonly log: Pick<Log, 'warning' | 'debug'>;
  readonly patience: Patience;
}

/** What SHA256SUMS contained when this run was done with it. */
export interface MergedList {
  readonly size: number;
  readonly sha256: string;
  /** Whether this run had to write it. */
  readonly isWritten: boolean;
}

/** A list of all the downloads that the pipe can handle is about as long. */
const maxListBytes = 8 * 1024 * 1024;
/** Twenty runs at once need three or four, and on a busy machine ten. */
const maxRounds = 20;
/** Of a list that is replaced again and again. */
const maxReads = 10;
/** The waits grow up to 8 times the first one. */
const maxGrowth = 3;
/** Names that the listing lacks are looked up, because it may lag; the lines of further ones stay for now. */
const maxLookUps = 20;

/**
 * Adds the lines to SHA256SUMS. Those of other downloads stay, as long as these exist.
 *
 * @param onSentWhole called when a list has been sent: until then, nothing has changed
 * @throws VerificationError if other runs overwrite it again and again
 * @throws HttpError, NetworkError, StalledError, UnexpectedAnswerError or PipeError if a request fails
 */
export async function mergeChecksums(
  own: readonly Checksum[],
  tools: MergeTools,
  onSentWhole: () => void,
): Promise<MergedList> {
  const { log, patience } = tools;
  let wanted = own;
  let last: string | undefined;
  let startedAt = performance.now();
  let before = await readList(tools);
  warnOfOtherLines(before, log);
  for (let round = 0; round < maxRounds; round++) {
    const text = await mergedText(wanted, before, tools);
    const isComplete = text === before?.text;
    // Complete at once, or complete and no longer changing.
    if (isComplete && (last === undefined || last === text))
      return { ...measureText(text), isWritten: last !== undefined };
    if (!isComplete) {
      const onSent = (bytes: number): void => {
        if (bytes === Buffer.byteLength(text)) onSentWhole();
      };
      await uploadConfirmed(checksumsName, bytesBody(text), onSent, tools);
    }
    last = text;
    // Another run may have read the list before, and write it after this. Here that took so long, and others may be as busy.
    const tookMs = performance.now() - startedAt;
    const growth = 2 ** Math.min(round, maxGrowth);
    await pause((patience.baseMs * growth + 2 * tookMs) * (1 + 2 * Math.random()), patience);
    startedAt = performance.now();
    const after = isComplete ? await readList(tools) : await readNew(before?.text, tools);
    if (after === undefined) {
      log.warning(`${checksumsName} was uploaded, but the server does not show it yet`);
      return { ...measureText(text), isWritten: true };
    }
    if (after.text !== text) log.debug(`${checksumsName} has been written by another run meanwhile`);
    wanted = await withoutReplaced(wanted, after, tools);
    before = after;
  }
  throw new VerificationError(
    `${checksumsName} lacks lines of this run: other runs keep overwriting it. The files themselves are published`,
  );
}

/** The list once it is another one than before it was uploaded; undefined if the server does not show it in time. */
async function readNew(earlier: string | undefined, tools: MergeTools): Promise<ChecksumsList | undefined> {
  const isNew = (list: ChecksumsList | undefined): boolean => list !== undefined && list.text !== earlier;
  const list = await askUntil(async () => await readList(tools), isNew, tools.patience);
  return isNew(list) ? list : undefined;
}

function warnOfOtherLines(list: ChecksumsList | undefined, log: MergeTools['log']): void {
  const count = list?.otherLines ?? 0;
  if (count > 0)
    log.warning(
      `${checksumsName} has ${formatCount(count, 'line')} of another format, which ${count === 1 ? 'is' : 'are'} left out`,
    );
}

/** The list; undefined if there is none. */
async function readList({ client, patience }: MergeTools): Promise<ChecksumsList | undefined> {
  for (let reads = 1; ; reads++) {
    try {
      return await client.read(checksumsName, async (answer) =>
        parseChecksums((await readBytes(answer, maxListBytes)).toString()),
      );
    } catch (error) {
      if (!(error instanceof HttpError) || error.refusal.status !== 404) throw error;
      if (!(await client.exists(checksumsName))) return undefined;
      // It was replaced between the redirect and the request for its content. To take it for missing would lose its lines.
      if (reads === maxReads) throw error;
      await pause(patience.baseMs * Math.random(), patience);
    }
  }
}

/** The list with this run's lines, and without those of downloads that are gone. The same text if that changes nothing. */
async function mergedText(
  own: readonly Checksum[],
  before: ChecksumsList | undefined,
  { client, log }: MergeTools,
): Promise<string> {
  if (before === undefined) return checksumsText(own);
  const isComplete = own.every(({ name, sha256 }) => before.lines.get(name) === sha256);
  const listed = new Set((await client.list()).map(({ name }) => name));
  const ownNames = new Set(own.map(({ name }) => name));
  const others = [...before.lines].filter(([name]) => !ownNames.has(name));
  const unlisted = others.map(([name]) => name).filter((name) => !listed.has(name));
  const looked = unlisted.slice(0, maxLookUps);
  const isThere = await mapConcurrently(looked, 4, async (name) => await client.exists(name));
  const gone = new Set(looked.filter((_, index) => !isThere[index]));
  if (isComplete && gone.size === 0) return before.text;
  for (const name of gone) log.debug(`${checksumsName}: ${printable(name)} has been deleted`);
  const kept = others.filter(([name]) => !gone.has(name)).map(([name, sha256]) => ({ name, sha256 }));
  return checksumsText([...own, ...kept]);
}

/** If another run has replaced the file as well, this run's line is wrong. */
async function withoutReplaced(
  own: readonly Checksum[],
  { lines }: ChecksumsList,
  { client, log }: MergeTools,
): Promise<readonly Checksum[]> {
  const others = own.filter(({ name, sha256 }) => (lines.get(name) ?? sha256) !== sha256);
  const replaced = new Set<string>();
  for (const { name } of others) {
    const theirs = await readDigest(name, Infinity, client);
    if (theirs === undefined || theirs.sha256 !== lines.get(name)) continue;
    log.warning(
      `${printable(name)} was replaced by another run at the same time: ${checksumsName} has the other content`,
    );
    replaced.add(name);
  }
  return own.filter(({ name }) => !replaced.has(name));
}
