/** `POST`: one file as multipart/form-data, stored only if the whole request arrives intact. */
import { createHashes } from '../../pipe/io/hashes.ts';
import { json, Refusal, text } from './answers.ts';
import type { ContentWriter } from './content-store.ts';
import type { Exchange } from './exchange.ts';
import { multipartBoundary, MultipartError, MultipartParser } from './multipart-parser.ts';
import { formProblem } from './pypi-form-check.ts';
import { addFile, type FormPair, normalized, type PypiContext } from './pypi-store.ts';

const defaultMaxFileBytes = 200_000_000;
const maxFieldBytes = 8 * 1024 * 1024;

export async function receivePackage(exchange: Exchange, pypi: PypiContext): Promise<void> {
  const { options, contents, projects } = pypi;
  const { maxFileBytes = defaultMaxFileBytes, dialect = 'pypi' } = options;
  const boundary = multipartBoundary(exchange.request.headers['content-type']);
  if (boundary === undefined) throw new Refusal(text(400, 'not a form'), 'another Content-Type');
  if (exchange.contentLength === undefined) throw new Refusal(text(411, 'Length Required'), 'no Content-Length');
  const writer = contents.writer(exchange.storesCorruptly);
  try {
    const { fields, filename, hashes } = await receiveForm(exchange, boundary, writer, maxFileBytes);
    const values = new Map(fields);
    const project = normalized(values.get('name') ?? '');
    if (options.projects?.includes(project) === false)
      throw new Refusal(
        json(404, {
          errors: [{ code: 'NAME_UNKNOWN', message: `The package ${project} does not exist in this workspace` }],
        }),
      );
    const problem = formProblem(fields, { filename, ...hashes });
    if (problem !== undefined) throw new Refusal(text(400, problem), problem);
    const existing = projects.get(project)?.get(filename);
    if (existing !== undefined) {
      await writer.discard();
      if (dialect === 'pypi' && existing.content.sha256 === hashes.sha256) return await exchange.respond(text(200, ''));
      throw new Refusal(existsAnswer(dialect, filename));
    }
    addFile(pypi, project, { filename, content: await writer.finish(), fields, staleReads: options.staleReads ?? 0 });
  } catch (error) {
    await writer.discard();
    if (error instanceof MultipartError) throw new Refusal(text(400, 'Bad Request'), error.message);
    throw error;
  }
  await exchange.respond(text(200, ''));
}

function existsAnswer(dialect: 'pypi' | 'pypiserver' | 'other', filename: string): ReturnType<typeof text> {
  if (dialect === 'pypiserver') return text(409, `Package ${filename} already exists!`);
  if (dialect === 'other') return text(403, 'Forbidden');
  return text(
    400,
    `File already exists ('${filename}'). See https://pypi.org/help/#file-name-reuse for more information.`,
  );
}

interface ReceivedForm {
  readonly fields: readonly FormPair[];
  readonly filename: string;
  readonly hashes: Readonly<Record<'sha256' | 'blake2b256', string>>;
}

async function receiveForm(
  exchange: Exchange,
  boundary: string,
  writer: ContentWriter,
  maxFileBytes: number,
): Promise<ReceivedForm> {
  const fields: FormPair[] = [];
  const hashes = createHashes(['sha256', 'blake2b256']);
  let filename: string | undefined;
  let field: { readonly name: string; readonly chunks: Buffer[] } | undefined;
  const parser = new MultipartParser(boundary, {
    onPart: (part) => {
      if (filename !== undefined) throw new MultipartError('a part after the content');
      if (part.name === 'content') {
        if (part.filename === undefined || /[/\\]/.test(part.filename)) throw new MultipartError('no file name');
        if (part.contentType !== undefined && part.contentType !== 'application/octet-stream')
          throw new MultipartError('another type of content');
        ({ filename } = part);
        exchange.takeFault(filename);
      } else if (part.filename !== undefined || part.contentType !== undefined) {
        throw new MultipartError(`the field ${part.name} as a file`);
      } else field = { name: part.name, chunks: [] };
    },
    onData: (chunk) => {
      if (filename === undefined) {
        field?.chunks.push(Buffer.from(chunk));
        if (exchange.bytesReceived > maxFieldBytes) throw new MultipartError('fields that are too large');
        return;
      }
      hashes.update(chunk);
      writer.write(Buffer.from(chunk));
      if (writer.size > maxFileBytes) throw new Refusal(text(413, 'File too large'));
    },
    onPartEnd: () => {
      if (field !== undefined) fields.push([field.name, Buffer.concat(field.chunks).toString('utf8')]);
      field = undefined;
    },
  });
  await exchange.receive((chunk) => {
    parser.write(chunk);
    return writer.pending;
  });
  parser.end();
  if (filename === undefined) throw new MultipartError('no content');
  return { fields, filename, hashes: hashes.digest() };
}
