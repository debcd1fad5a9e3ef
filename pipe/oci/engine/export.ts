/** An image on its way out of a Docker Engine: its layers as they come by, and what they make up in the end. */

import { InputError, PipeError } from '../../errors.ts';
import { digestOfPath } from '../descriptors.ts';
import { readImage } from '../formats/read-image.ts';
import type { Choice, Image, Packing, UnverifiedBytes } from '../image.ts';
import { isCompression } from '../../compression/formats.ts';
import type { Body } from '../../io/body.ts';
import { withDigestCheck } from '../layers/digest-check.ts';
import { createPassCheck } from './pass-check.ts';
import { chainIdsOf, findLegacyLayer } from './legacy-layer.ts';
import { scannedSource } from '../sources/scanned.ts';
import { printable } from '../../toolkit/stdout.ts';
import { ForwardReader } from '../../archive/tar/reader.ts';
import { ArchiveScan, type PassingFile } from '../../archive/tar/scan.ts';
import type { TarMember } from '../../archive/tar/walk.ts';
import { explainBreak, type WithTail, withTail } from './stream-tail.ts';

/**
 * A layer, or another blob of the image, that is passing by. The first `open` reads it from the export, and must come to
 * its end, or be given up, before the next one is asked for; without it, the layer is passed over. Any further `open`
 * exports the image anew, up to this layer: good for a second try, and no more.
 */
export interface StreamedLayer extends Body {
  /** The same as the layer's in the image that all comes to. */
  readonly name: string;
  readonly length: number;
  readonly packing: Packing;
  /** Where it is known already. `open` throws, before its end, where the bytes are others. */
  readonly diffId: string | undefined;
  /** Of the bytes as they are, where the export names it. `open` throws, before its end, where the bytes are others. */
  readonly digest: string | undefined;
  /** As `open`, for a reader that hashes the bytes itself. */
  openUnverified(): UnverifiedBytes;
}

export interface ImageExport {
  /** In the order of the export, which is none; once. Small blobs may be left out: they are in the image's layers. */
  layers(): AsyncIterable<StreamedLayer>;
  /**
   * What it all makes up, after `layers` has ended.
   *
   * @throws InputError where the layers are not those that the config has
   */
  image(): Promise<Image>;
}

export interface ExportParts {
  /** For messages: `app:latest of the Docker Engine at …`. */
  readonly name: string;
  /** Starts the export, each time anew. */
  readonly start: () => AsyncIterable<Uint8Array>;
  /** Of the image that is meant, where the engine told them. */
  readonly diffIds: readonly string[] | undefined;
  readonly choice: Choice;
}

export function createExport({ name, start, diffIds, choice }: ExportParts): ImageExport {
  const measured = new Map<TarMember, string>();
  const identify = createIdentifier(diffIds);
  let scan: ArchiveScan | undefined;
  let hasEnded = false;

  async function* layers(): AsyncGenerator<StreamedLayer> {
    if (scan !== undefined) throw new Error('An export passes by only once');
    const stream = withTail(start());
    const reader = new ForwardReader(stream.bytes);
    const current = new ArchiveScan(reader, name);
    scan = current;
    try {
      for await (const passing of current.files()) {
        const layer = toLayer(passing, current, stream, reader);
        if (layer !== undefined) yield layer;
      }
      await reader.drain();
      hasEnded = true;
    } catch (error) {
      throw await explainBreak(error, stream, reader, name);
    } finally {
      await reader.close();
    }
  }

  function toLayer(
    passing: PassingFile,
    current: ArchiveScan,
    stream: WithTail,
    reader: ForwardReader,
  ): StreamedLayer | undefined {
    const { member, content } = passing;
    const digest = digestOfPath(member.name);
    if (digest === undefined && !isCompression(content) && content !== 'tar') return undefined;
    const packing = isCompression(content) ? content : content === 'tar' ? 'none' : 'opaque';
    const diffId = packing === 'none' ? identify(member.name, current) : undefined;
    const check = createPassCheck(member, digest ?? diffId, packing === 'none' ? diffIds : undefined, name);
    let isFirst = true;
    const openUnverified = (): UnverifiedBytes & { source: AsyncIterable<Uint8Array> } => {
      const isPassing = isFirst && passing.isHere();
      isFirst = false;
      const explain = async (error: unknown): Promise<unknown> =>
        isPassing ? await explainBreak(error, stream, reader, name) : error;
      return {
        source: explained(isPassing ? passing.read() : reopen(member), explain),
        async verify(actual) {
          try {
            check(actual);
            const before = measured.get(member);
            // Whichever of the openings is the one that the registry has accepted.
            if (before !== undefined && before !== actual)
              throw new InputError(
                `${name}: ${printable(member.name)} has other content when it is exported once more`,
              );
          } catch (error) {
            throw await explain(error);
          }
          measured.set(member, actual);
        },
      };
    };
    return {
      name: member.name,
      length: member.size,
      packing,
      diffId,
      digest,
      open() {
        const { source, verify } = openUnverified();
        return withDigestCheck(source, member.size, verify);
      },
      openUnverified,
    };
  }

  async function* reopen(member: TarMember): AsyncGenerator<Uint8Array> {
    const stream = withTail(start());
    const reader = new ForwardReader(stream.bytes);
    try {
      for await (const passing of new ArchiveScan(reader, name).files()) {
        if (passing.member.name !== member.name || passing.member.size !== member.size) continue;
        yield* passing.read();
        return;
      }
      throw new InputError(`${name}: ${member.name} is no longer there when it is exported once more`);
    } catch (error) {
      throw await explainBreak(error, stream, reader, name);
    } finally {
      await reader.close();
    }
  }

  async function image(): Promise<Image> {
    if (scan === undefined || !hasEnded) throw new PipeError(`${name} has not been exported to its end`);
    const source = scannedSource(scan, {
      name,
      reopen,
      measured: (member) => measured.get(member),
      close: () => Promise.resolve(),
    });
    return { ...(await readImage(source, choice)), description: name };
  }

  return { layers, image };
}

/** The bytes, and what stops them in other words. */
async function* explained(
  bytes: AsyncIterable<Uint8Array>,
  explain: (error: unknown) => Promise<unknown>,
): AsyncGenerator<Uint8Array> {
  try {
    yield* bytes;
  } catch (error) {
    throw await explain(error);
  }
}

/** Tells by a file's name which layer it is, where the name tells. */
function createIdentifier(
  diffIds: readonly string[] | undefined,
): (name: string, scan: ArchiveScan) => string | undefined {
  const known = new Set(diffIds);
  const chainIds = chainIdsOf(diffIds ?? []);
  return (name, scan) => {
    // Docker 25 and later, and Podman.
    const named = digestOfPath(name) ?? name.replace(/^([0-9a-f]{64})\.tar$/, 'sha256:$1');
    if (known.has(named)) return named;
    const id = /^([0-9a-f]{64})\/layer\.tar$/.exec(name)?.[1];
    if (id === undefined) return undefined;
    const member = scan.members.find(`${id}/json`);
    const json = member === undefined ? undefined : scan.documentOf(member);
    const index = json === undefined ? undefined : findLegacyLayer(id, json.toString('utf8'), chainIds);
    return index === undefined ? undefined : diffIds?.[index];
  };
}
