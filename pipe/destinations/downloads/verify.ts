/** Compares the downloads with what was sent, by the listing or by the content itself. */

import { HttpError, VerificationError } from '../../errors.ts';
import { mapConcurrently } from '../../io/map-concurrently.ts';
import type { FileSettings } from './settings.ts';
import type { Log } from '../../toolkit/log.ts';
import { printable } from '../../toolkit/stdout.ts';
import { formatBytes, formatCount } from '../../toolkit/units.ts';
import type { DownloadsClient } from './client.ts';
import { needsEscaping } from './multipart.ts';
import type { OutcomeItem } from './outcome.ts';
import { createSha256 } from '../../io/hashes.ts';

interface VerifyTools {
  readonly client: DownloadsClient;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/**
 * Verifies the uploads as `--verify` asks.
 *
 * @throws VerificationError naming each file that differs
 */
export async function verifyUploads(
  items: readonly OutcomeItem[],
  settings: FileSettings,
  tools: VerifyTools,
): Promise<void> {
  if (items.length === 0) return;
  if (settings.verify === 'content') await verifyContents(items, settings.concurrency, tools);
  else if (settings.verify === 'listing') await verifyListing(items, tools);
  else await verifyEscapedNames(items, tools);
}

async function verifyListing(items: readonly OutcomeItem[], tools: VerifyTools): Promise<void> {
  const listed = new Map((await tools.client.list()).map(({ name, size }) => [name, size]));
  const problems = items.flatMap(({ name, size }) => {
    const found = listed.get(name);
    if (found === undefined) return [`${printable(name)} is not in the listing`];
    return found === size ? [] : [`${printable(name)} is listed with ${found} bytes, not ${size}`];
  });
  if (problems.length > 0)
    throw new VerificationError(`the downloads differ from what was sent: ${problems.join('; ')}`);
  tools.log.info(`Verified: the listing has ${formatCount(items.length, 'file')} with the right name and size`);
}

async function verifyContents(items: readonly OutcomeItem[], concurrency: number, tools: VerifyTools): Promise<void> {
  const found = await mapConcurrently(items, concurrency, (item) => contentProblem(item, tools.client));
  const problems = found.filter((problem) => problem !== undefined);
  if (problems.length > 0)
    throw new VerificationError(`the downloads differ from what was sent: ${problems.join('; ')}`);
  const bytes = items.reduce((sum, { size }) => sum + size, 0);
  tools.log.info(
    `Verified: ${formatCount(items.length, 'file')}, ${formatBytes(bytes)}, read back with the right SHA-256`,
  );
}

async function contentProblem(
  { name, size, sha256 }: OutcomeItem,
  client: DownloadsClient,
): Promise<string | undefined> {
  const received = await client.read(name, async (answer) => {
    const hash = createSha256();
    let length = 0;
    for await (const chunk of answer.body) {
      length += chunk.length;
      hash.update(chunk);
    }
    return { length, sha256: hash.digest() };
  });
  if (received.length !== size) return `${printable(name)} has ${received.length} bytes, not ${size}`;
  return received.sha256 === sha256 ? undefined : `${printable(name)} has SHA-256 ${received.sha256}, not ${sha256}`;
}

/**
 * Servers differ in how they interpret quotes and line breaks in a multipart file name, and Bitbucket does not document
 * its way: such names are always looked up, even without `--verify`.
 */
async function verifyEscapedNames(items: readonly OutcomeItem[], tools: VerifyTools): Promise<void> {
  const unusual = items.filter(({ name }) => needsEscaping(name));
  if (unusual.length === 0) return;
  try {
    await verifyListing(unusual, tools);
  } catch (error) {
    if (!(error instanceof HttpError)) throw error;
    tools.log.warning(`Could not check whether names with quotes or line breaks arrived unchanged: ${error.message}`);
  }
}
