/** `POST …/downloads`: one or more files as multipart/form-data, stored only if the whole request arrives intact. */
import { apiError, gatewayError, Refusal, standardAnswer } from './answers.ts';
import type { ContentWriter } from './content-store.ts';
import type { DownloadStore } from './download-store.ts';
import type { Exchange } from './exchange.ts';
import { multipartBoundary, MultipartError, MultipartParser, type MultipartPart } from './multipart-parser.ts';

export interface UploadOptions {
  readonly store: DownloadStore;
  /** Limit for a file and, with an allowance for part headers, for the whole request. */
  readonly maxFileBytes: number;
}

interface Incoming {
  readonly name: string;
  readonly writer: ContentWriter;
}

const maxNameBytes = 255;
const headerAllowanceBytes = 4096;

export async function receiveUpload(exchange: Exchange, { store, maxFileBytes }: UploadOptions): Promise<void> {
  const files: Incoming[] = [];
  try {
    await receiveFiles(exchange, store, maxFileBytes, files);
  } catch (error) {
    await Promise.all(files.map((file) => file.writer.discard()));
    if (error instanceof MultipartError) throw badRequest('Bad Request', error.message);
    throw error;
  }
  for (const { name, writer } of files) store.store(name, await writer.finish());
  await exchange.respond({ status: 201 });
}

async function receiveFiles(
  exchange: Exchange,
  store: DownloadStore,
  maxFileBytes: number,
  files: Incoming[],
): Promise<void> {
  const boundary = multipartBoundary(exchange.request.headers['content-type']);
  if (boundary === undefined) throw new Refusal(apiError(406, 'The payload must be multipart/form-data'));
  const { contentLength } = exchange;
  if (contentLength === 0 && exchange.request.headers['content-length'] === undefined) {
    throw new Refusal(standardAnswer(411), 'neither Content-Length nor chunked');
  }
  const tooLarge = new Refusal(gatewayError(413, `Files may not be larger than ${maxFileBytes} bytes`));
  if ((contentLength ?? 0) > maxFileBytes + headerAllowanceBytes) throw tooLarge;

  /** The writer of the current part; undefined in a field that is not a file. */
  let writer: ContentWriter | undefined;
  const parser = new MultipartParser(boundary, {
    onPart: (part) => {
      writer = undefined;
      if (part.name !== 'files') return exchange.violate(`a form field ${JSON.stringify(part.name)}`);
      const name = fileName(part);
      if (files.some((file) => file.name === name)) exchange.violate(`${JSON.stringify(name)} twice in one request`);
      exchange.takeFault(name);
      writer = store.writer(exchange.storesCorruptly);
      files.push({ name, writer });
    },
    onData: (chunk) => {
      writer?.write(chunk);
      if (writer !== undefined && writer.size > maxFileBytes) throw tooLarge;
    },
    onPartEnd: () => undefined,
  });
  await exchange.receive((chunk) => {
    parser.write(chunk);
    const left = contentLength === undefined ? 0 : contentLength - exchange.bytesReceived;
    if (parser.finished && left > parser.epilogueLeft) {
      throw new MultipartError(`Content-Length is ${contentLength}, but the body ends before that`);
    }
    return writer?.pending;
  });
  parser.end();
  if (files.length === 0) throw badRequest('No files in the request', 'no field named files');
}

function fileName({ filename }: MultipartPart): string {
  if (filename === undefined) throw badRequest('Not a file', 'a part named files without a filename');
  if (filename === '') throw badRequest('Empty file name', 'an empty filename');
  if (/[/\\]/.test(filename) || filename === '.' || filename === '..') {
    throw badRequest('Invalid file name', `a path in the filename ${JSON.stringify(filename)}`);
  }
  if (Buffer.byteLength(filename) > maxNameBytes) throw badRequest('File name too long');
  return filename;
}

function badRequest(message: string, violation?: string): Refusal {
  return new Refusal(apiError(400, message), violation);
}
