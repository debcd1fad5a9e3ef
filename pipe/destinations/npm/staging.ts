/**
 * The staging area of an npm registry, one function for each operation: a staged version is published once a person approves it.
 *
 * @see https://github.com/npm/cli "lib/commands/stage" and libnpmpublish, as of npm 12
 */

import { InputError, UnexpectedAnswerError } from '../../errors.ts';
import { parseAnswer, readBytes } from '../../http/answer.ts';
import type { Http } from '../../http/send.ts';
import type { SizedBody } from '../../io/body.ts';
import { readWhole } from '../../io/bounded-read.ts';
import { asList, asObject, asString, isRecord, tryParseJson } from '../../io/json.ts';
import { packagePath } from './names.ts';

/** A version that waits for approval. */
export interface StagedVersion {
  /** What `npm stage approve` takes. */
  readonly id: string;
  readonly version: string;
  /** The dist-tag that it gets. */
  readonly tag: string | undefined;
  /** One or several hashes, separated by spaces; undefined if the registry gives none. */
  readonly integrity: string | undefined;
  readonly shasum: string | undefined;
}

/** A client for the staging area of one npm registry. */
export interface StagingClient {
  packageUrl(name: string): URL;
  /**
   * Stages a version, once, without retries.
   *
   * @param subject names the version in error messages
   * @param onSent is called with the number of bytes of `body` sent so far
   * @returns the identifier of the staged version
   * @throws HttpError, NetworkError, StalledError
   * @throws UnexpectedAnswerError if the answer has no identifier
   */
  stage(subject: string, name: string, body: SizedBody, onSent: (bytes: number) => void): Promise<string>;
  /**
   * The staged versions of a package, by version.
   *
   * @param once without retries
   * @throws HttpError, NetworkError, StalledError
   * @throws UnexpectedAnswerError if the answer is not a list of staged versions
   */
  list(name: string, once?: boolean): Promise<ReadonlyMap<string, StagedVersion>>;
}

const perPage = 100;
/** More versions of one package do not wait for approval at once. */
const maxPages = 20;
const maxPageBytes = 2 * 1024 * 1024;
const maxConfirmationBytes = 64 * 1024;
const maxRedirects = 3;
const identifier = /^[0-9A-Za-z-]{1,64}$/;

/** The client for `registry`, a URL that ends with a slash. */
export function createStagingClient(http: Http, registry: URL): StagingClient {
  const packageUrl = (name: string): URL => new URL(`-/stage/package/${packagePath(name)}`, registry);

  async function readPage(name: string, page: number, once: boolean): Promise<Page> {
    const url = new URL('-/stage', registry);
    for (const [key, value] of Object.entries({ package: name, page, perPage }))
      url.searchParams.set(key, String(value));
    return await http.send(
      { subject: `${name}: staged versions`, method: 'GET', url, accept: [200], redirects: maxRedirects, once },
      async (answer) =>
        parseAnswer(answer, await readBytes(answer, maxPageBytes), 'a list of staged versions', (document) =>
          toPage(document, name),
        ),
    );
  }

  return {
    packageUrl,

    async stage(subject, name, body, onSent) {
      return await http.send(
        {
          subject,
          method: 'POST',
          url: packageUrl(name),
          accept: [200, 201, 202],
          headers: { 'content-type': 'application/json', accept: '*/*' },
          body,
          once: true,
          onSent,
        },
        async (answer) => {
          const text = (await readWhole(answer.body, maxConfirmationBytes))?.toString('utf8');
          const document = tryParseJson(text ?? '');
          const id = isRecord(document) ? document['stageId'] : undefined;
          if (typeof id === 'string' && identifier.test(id)) return id;
          throw new UnexpectedAnswerError(
            `${subject}: ${registry.host} answered ${answer.status} without the identifier of a staged version`,
            { status: answer.status, isForeign: true },
          );
        },
      );
    },

    async list(name, once = false) {
      const versions = new Map<string, StagedVersion>();
      for (let page = 0, count = 0; page < maxPages; page++) {
        const { items, itemCount, total } = await readPage(name, page, once);
        for (const item of items) versions.set(item.version, item);
        count += itemCount;
        if (itemCount === 0 || count >= total) break;
      }
      return versions;
    },
  };
}

interface Page {
  readonly items: readonly StagedVersion[];
  readonly itemCount: number;
  /** Infinite if the registry does not say: then an empty page is the end. */
  readonly total: number;
}

/** @throws InputError if it is not a page of the list */
function toPage(document: unknown, name: string): Page {
  const { items, total } = asObject(document, 'it');
  const all = asList(items, 'items').map((item) => asObject(item, 'an item'));
  const ofPackage = all.filter(({ packageName }) => packageName === name);
  return { items: ofPackage.map(toStaged), itemCount: all.length, total: typeof total === 'number' ? total : Infinity };
}

function toStaged(item: Readonly<Record<string, unknown>>): StagedVersion {
  const stringOf = (value: unknown): string | undefined =>
    typeof value === 'string' && value !== '' ? value : undefined;
  const id = asString(item['id'], 'id');
  if (!identifier.test(id)) throw new InputError('id is not valid');
  return {
    id,
    version: asString(item['version'], 'version'),
    tag: stringOf(item['tag']),
    integrity: stringOf(item['integrity']),
    shasum: stringOf(item['shasum']),
  };
}
