/** Decides whether a package is sent as a delta to one that the server has. */

import type { PackageIdentity } from '../../../archive/pack/package-name.ts';
import { InputError, isExpected } from '../../../errors.ts';
import type { SizedBody } from '../../../io/body.ts';
import { collectGarbage } from '../../../io/flat-heap.ts';
import { fileBody } from '../../../io/source-file.ts';
import { formatBytes } from '../../../toolkit/units.ts';
import type { SendTools } from '../entry.ts';
import type { PlannedPackage } from '../plan.ts';
import { deltaBody, deltaBytes } from './delta-body.ts';
import { findDelta } from './find-delta.ts';

/** A delta that is worth sending. */
export interface Delta {
  readonly base: PackageIdentity;
  readonly body: SizedBody;
}

/** Of a smaller package, the signature would take as long as the package. */
const minBytes = 64 * 1024;
/** Of the package: more is not worth the server's work. */
const maxShare = 0.95;

/**
 * The delta of the package to what the server has; undefined if it has nothing similar, or does not say.
 *
 * @throws InputError, FileChangedError if the package cannot be read; the signal's reason if it aborts
 */
export async function prepareDelta(planned: PlannedPackage, tools: SendTools): Promise<Delta | undefined> {
  const { client, place, log, signal } = tools;
  const { source, identity, fileName, sha1 } = planned;
  if (source.size < minBytes) return undefined;
  let mayBeLarge = true;
  try {
    const found = await client.findSignature(place, identity);
    mayBeLarge = found !== 'none';
    if (typeof found === 'string') return undefined;
    const { version, signature } = found;
    const parts = await findDelta(fileBody(source), signature, signal);
    const length = parts === undefined ? source.size : deltaBytes(parts);
    log.debug(`${fileName}: the delta to ${version} has ${formatBytes(length)} of ${formatBytes(source.size)}`);
    if (parts === undefined || length > source.size * maxShare) return undefined;
    return { base: { id: identity.id, version }, body: deltaBody(source, parts, sha1) };
  } catch (error) {
    signal.throwIfAborted();
    if (!isExpected(error) || isAboutSource(error)) throw error;
    // A delta only saves time: without one, the whole package is sent.
    log.debug(`${fileName}: no delta: ${error.message}`);
    return undefined;
  } finally {
    // Of the signature. It takes a tenth of the time that a run needs for a package of 10 MB.
    if (mayBeLarge) collectGarbage();
  }
}

function isAboutSource(error: Error): boolean {
  return error.name === 'FileChangedError' || (error instanceof InputError && error.cause !== undefined);
}
