/** Compares the downloads with what was sent, by the listing or by the content itself. */

import { HttpError, VerificationError } from '../../errors.ts';
import { askUntil, type Patience } from '../../http/read-back.ts';
import { measure } from '../../io/hashes.ts';
import { mapConcurrently } from '../../io/map-concurrently.ts';
import type { Log } from '../../toolkit/log.ts';
import { printable } from '../../toolkit/stdout.ts';
import { formatBytes, formatCount } from '../../toolkit/units.ts';
import type { Download, DownloadsClient } from './client.ts';
import { isStoredSince } from './freshness.ts';
import { needsEscaping } from '../../http/multipart.ts';
import type { OutcomeItem } from './outcome.ts';
import type { FileSettings } from './settings.ts';

interface VerifyTools {
  readonly client: Pick<DownloadsClient, 'list' | 'read'>;
  readonly log: Pick<Log, 'info' | 'warning'>;
  /** How long to wait for the server to show what was uploaded. */
  readonly patience: Patience;
  /** Learns of each item whose download is another one. */
  readonly onWrong: (item: OutcomeItem) => void;
}

/**
 * The state of an upload on the server. `late`: it shows nothing, or what was there before the run. `wrong`: it shows
 * something else; `isUnsure` if that may be what was there before.
 */
export type State =
  | { readonly kind: 'right' }
  | { readonly kind: 'late'; readonly words: string; readonly isMissing?: boolean }
  | { readonly kind: 'wrong'; readonly words: string; readonly isUnsure: boolean };

/**
 * Verifies the uploads as `--verify` asks. What the server does not show in time is a warning.
 *
 * @param startedAt when the first upload began, by `performance.now()`
 * @throws VerificationError naming each file that differs
 * @throws HttpError, NetworkError, StalledError or UnexpectedAnswerError if a request fails
 */
export async function verifyUploads(
  items: readonly OutcomeItem[],
  settings: Pick<FileSettings, 'verify' | 'concurrency'>,
  startedAt: number,
  tools: VerifyTools,
): Promise<void> {
  if (items.length === 0) return;
  if (settings.verify === 'content') await verifyContents(items, settings.concurrency, startedAt, tools);
  else if (settings.verify === 'listing') await verifyListing(items, startedAt, tools);
  else await verifyEscapedNames(items, startedAt, tools);
}

async function verifyListing(items: readonly OutcomeItem[], startedAt: number, tools: VerifyTools): Promise<void> {
  let listing: readonly Download[] = [];
  const look = async (): Promise<readonly State[]> => {
    listing = await tools.client.list();
    const byName = new Map(listing.map((download) => [download.name, download]));
    return items.map((item) => listedState(item, byName.get(item.name), startedAt));
  };
  const states = await askUntil(
    look,
    (found) => found.every(isSettled) || found.some(isCertainlyWrong),
    tools.patience,
  );
  const renamed = states.map((state, index) => {
    const item = items[index];
    const isMissing = state.kind === 'late' && state.isMissing === true;
    return item !== undefined && isMissing && needsEscaping(item.name)
      ? renamedState(item, state, listing, items, startedAt)
      : state;
  });
  const right = conclude(items, renamed, tools);
  if (right > 0) tools.log.info(`Verified: the listing has ${formatCount(right, 'file')} with the right name and size`);
}

function listedState({ name, size }: OutcomeItem, found: Download | undefined, startedAt: number): State {
  const shown = printable(name);
  if (found === undefined) return { kind: 'late', words: `${shown} is not in the listing yet`, isMissing: true };
  if (found.size === size) return { kind: 'right' };
  const words = `${shown} is listed with ${found.size} bytes, not ${size}`;
  const isNew = isStoredSince(found, startedAt);
  if (isNew === false) return { kind: 'late', words: `${words}, which is the download that it replaces` };
  return { kind: 'wrong', words, isUnsure: isNew === undefined };
}

/** A server may have read a name with quotes or line breaks as another one: then that one is new, and as large. */
function renamedState(
  { name, size }: OutcomeItem,
  state: State,
  listing: readonly Download[],
  items: readonly OutcomeItem[],
  startedAt: number,
): State {
  const own = new Set(items.map((item) => item.name));
  const other = listing.find(
    (download) => download.size === size && !own.has(download.name) && isStoredSince(download, startedAt) === true,
  );
  if (other === undefined) return state;
  const words = `${printable(name)} is not in the listing, but ${printable(other.name)} is, as large and as new`;
  return { kind: 'wrong', words, isUnsure: false };
}

async function verifyContents(
  items: readonly OutcomeItem[],
  concurrency: number,
  startedAt: number,
  tools: VerifyTools,
): Promise<void> {
  const states = await readBackContents(items, concurrency, startedAt, tools);
  const right = conclude(items, states, tools);
  if (right === 0) return;
  const bytes = items.reduce((sum, { size }, index) => sum + (states[index]?.kind === 'right' ? size : 0), 0);
  tools.log.info(`Verified: ${formatCount(right, 'file')}, ${formatBytes(bytes)}, read back with the right SHA-256`);
}

/** Reads the uploads back and compares their SHA-256, and waits for what the server does not show yet. */
export async function readBackContents(
  items: readonly OutcomeItem[],
  concurrency: number,
  startedAt: number,
  { client, patience }: Pick<VerifyTools, 'client' | 'patience'>,
): Promise<readonly State[]> {
  return await mapConcurrently(items, concurrency, async (item) =>
    askUntil(
      async () => await contentState(item, startedAt, client),
      (state) => isSettled(state) || isCertainlyWrong(state),
      patience,
    ),
  );
}

async function contentState(
  { name, size, sha256 }: OutcomeItem,
  startedAt: number,
  client: VerifyTools['client'],
): Promise<State> {
  const shown = printable(name);
  const received = await readDigest(name, size, client);
  if (received === undefined) return { kind: 'late', words: `${shown} cannot be read yet` };
  if (received.length === size && received.sha256 === sha256) return { kind: 'right' };
  const words =
    received.length === size
      ? `${shown} has SHA-256 ${received.sha256}, not ${sha256}`
      : `${shown} has ${received.length > size ? 'at least ' : ''}${received.length} bytes, not ${size}`;
  const listed = (await client.list()).find((download) => download.name === name);
  const isNew = listed === undefined ? false : isStoredSince(listed, startedAt);
  if (isNew === false) return { kind: 'late', words: `${words}, which is the download that it replaces` };
  return { kind: 'wrong', words, isUnsure: isNew === undefined };
}

/** The length and SHA-256 of a download's content, which is read no further once it is longer than `size`; undefined if it is missing. */
export async function readDigest(
  name: string,
  size: number,
  client: Pick<DownloadsClient, 'read'>,
): Promise<{ readonly length: number; readonly sha256: string } | undefined> {
  try {
    return await client.read(name, async ({ body }) => await measure(body, size));
  } catch (error) {
    if (error instanceof HttpError && error.refusal.status === 404) return undefined;
    throw error;
  }
}

function isSettled(state: State): boolean {
  return state.kind === 'right';
}

function isCertainlyWrong(state: State): boolean {
  return state.kind === 'wrong' && !state.isUnsure;
}

/** Warns of what is late. @returns how many are right @throws VerificationError naming what is wrong */
function conclude(
  items: readonly OutcomeItem[],
  states: readonly State[],
  { log, onWrong }: Pick<VerifyTools, 'log' | 'onWrong'>,
): number {
  for (const [index, item] of items.entries()) if (states[index]?.kind === 'wrong') onWrong(item);
  const problems = states.filter((state) => state.kind === 'wrong').map(({ words }) => words);
  if (problems.length > 0)
    throw new VerificationError(`the downloads differ from what was sent: ${problems.join('; ')}`);
  warnOfLate(states, log);
  return states.filter(({ kind }) => kind === 'right').length;
}

/** Warns of what the server did not show in time. */
export function warnOfLate(states: readonly State[], log: Pick<Log, 'warning'>): void {
  for (const state of states)
    if (state.kind === 'late') log.warning(`${state.words}: it was uploaded, but could not be verified`);
}

/**
 * Servers differ in how they interpret quotes and line breaks in a multipart file name, and Bitbucket does not document
 * its way: such names are always looked up, even without `--verify`.
 */
async function verifyEscapedNames(items: readonly OutcomeItem[], startedAt: number, tools: VerifyTools): Promise<void> {
  const unusual = items.filter(({ name }) => needsEscaping(name));
  if (unusual.length === 0) return;
  try {
    await verifyListing(unusual, startedAt, tools);
  } catch (error) {
    if (!(error instanceof HttpError)) throw error;
    tools.log.warning(`Could not check whether names with quotes or line breaks arrived unchanged: ${error.message}`);
  }
}
