/** The export of an image from a Docker Engine: its layers in the order of the stream, and then the image. */

import { InputError, PipeError } from '../../errors.ts';
import { digestOfPath } from '../descriptors.ts';
import { readImage } from '../formats/read-image.ts';
import type { Choice, Image, LayerEncoding, UnverifiedBytes } from '../image.ts';
import { isCompression } from '../../compression/formats.ts';
import type { Body } from '../../io/body.ts';
import { withDigestCheck } from '../layers/digest-check.ts';
import { createLayerCheck } from './layer-check.ts';
import { chainIdsOf, findLegacyLayer } from './legacy-layer.ts';
import { scannedSource } from '../sources/scanned.ts';
import { printable } from '../../toolkit/stdout.ts';
import { ForwardReader } from '../../archive/tar/reader.ts';
import { ArchiveScan, type ScannedFile } from '../../archive/tar/scan.ts';
import type { TarMember } from '../../archive/tar/walk.ts';
import { explainBreak, type TailedStream, withTail } from './stream-tail.ts';

/**
 * A layer, or another blob of the image, in the stream. The first `open` reads it from the stream, and must be finished or
 * abandoned before the next layer is requested; without an `open`, the layer is skipped. Any further `open` exports the
 * image again, up to this layer: meant for a retry only.
 */
export interface StreamedLayer extends Body {
  /** Equals the layer's name in the final image. */
  readonly name: string;
  readonly length: number;
  readonly encoding: LayerEncoding;
  /** If it is known in advance. `open` throws an InputError before its end if the bytes do not match. */
  readonly diffId: string | undefined;
  /** Of the bytes as they are, if the export names it. `open` throws an InputError before its end if they do not match. */
  readonly digest: string | undefined;
  /** Like `open`, for a reader that hashes the bytes itself. */
  openUnverified(): UnverifiedBytes;
}

/** An export, whose layers can be read once. */
export interface ImageExport {
  /** In no particular order; can be called once. May skip small blobs, which are in the image's layers. */
  layers(): AsyncIterable<StreamedLayer>;
  /**
   * The whole image, once `layers` has ended.
   *
   * @throws InputError if the layers do not match the config; PipeError if `layers` has not ended
   */
  image(): Promise<Image>;
}

/** What an export needs. */
export interface ExportParts {
  /** For messages: `app:latest of the Docker Engine at …`. */
  readonly name: string;
  /** Starts a new export. */
  readonly start: () => AsyncIterable<Uint8Array>;
  /** Of the wanted image, if the engine states them. */
  readonly diffIds: readonly string[] | undefined;
  readonly choice: Choice;
}

/** Prepares an export; reading its layers starts it. */
export function createExport({ name, start, diffIds, choice }: ExportParts): ImageExport {
  const measured = new Map<TarMember, string>();
  const identify = createIdentifier(diffIds);
  let scan: ArchiveScan | undefined;
  let hasEnded = false;

  async function* layers(): AsyncGenerator<StreamedLayer> {
    if (scan !== undefined) throw new Error('an export can be read only once');
    const stream = withTail(start());
    const reader = new ForwardReader(stream.bytes);
    const current = new ArchiveScan(reader, name);
    scan = current;
    try {
      for await (const file of current.files()) {
        const layer = toLayer(file, current, stream, reader);
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
    file: ScannedFile,
    current: ArchiveScan,
    stream: TailedStream,
    reader: ForwardReader,
  ): StreamedLayer | undefined {
    const { member, content } = file;
    const digest = digestOfPath(member.name);
    if (digest === undefined && !isCompression(content) && content !== 'tar') return undefined;
    const encoding = isCompression(content) ? content : content === 'tar' ? 'none' : 'opaque';
    const diffId = encoding === 'none' ? identify(member.name, current) : undefined;
    const check = createLayerCheck(member, digest ?? diffId, encoding === 'none' ? diffIds : undefined, name);
    let isFirst = true;
    const openUnverified = (): UnverifiedBytes & { source: AsyncIterable<Uint8Array> } => {
      const isFromStream = isFirst && file.isUnread();
      isFirst = false;
      const explain = async (error: unknown): Promise<unknown> =>
        isFromStream ? await explainBreak(error, stream, reader, name) : error;
      return {
        source: explained(isFromStream ? file.read() : reopen(member), explain),
        async verify(actual) {
          try {
            check(actual);
            const before = measured.get(member);
            // The registry may have accepted the bytes of either opening.
            if (before !== undefined && before !== actual)
              throw new InputError(`${name}: ${printable(member.name)} has different content in a second export`);
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
      encoding,
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
      for await (const file of new ArchiveScan(reader, name).files()) {
        if (file.member.name !== member.name || file.member.size !== member.size) continue;
        yield* file.read();
        return;
      }
      throw new InputError(`${name}: ${member.name} is missing from a second export`);
    } catch (error) {
      throw await explainBreak(error, stream, reader, name);
    } finally {
      await reader.close();
    }
  }

  async function image(): Promise<Image> {
    if (scan === undefined || !hasEnded) throw new PipeError(`${name} has not been exported completely`);
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

/** Passes the bytes on, and replaces the error that ends them. */
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

/** Finds the diff ID of a layer from the name of its file, if the name reveals it. */
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
