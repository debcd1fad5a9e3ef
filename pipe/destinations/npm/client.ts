/**
 * npm's registry protocol, one function for each operation.
 *
 * @see https://github.com/npm/registry/blob/main/docs/REGISTRY-API.md
 */

import { InputError, UnexpectedAnswerError } from '../../errors.ts';
import { discard, parseAnswer, readBytes } from '../../http/answer.ts';
import { bytesBody, type SizedBody } from '../../io/body.ts';
import { readWhole } from '../../io/bounded-read.ts';
import { asObject, asString, isRecord, TooManyValuesError, tryParseJson } from '../../io/json.ts';
import { printableUrl } from '../../http/printable-url.ts';
import type { Http } from '../../http/send.ts';
import { packagePath } from './names.ts';
import { createStagingClient, type StagedVersion, type StagingClient } from './staging.ts';

/** One version, as a registry describes it. */
export interface PublishedVersion {
  /** One or several hashes, separated by spaces; undefined if the registry gives none. */
  readonly integrity: string | undefined;
  readonly shasum: string | undefined;
  readonly tarball: string | undefined;
  readonly isDeprecated: boolean;
  /** Set if it is not published yet, but waits for approval. */
  readonly staged?: StagedVersion | undefined;
}

/** One package, as a registry describes it. */
export interface PublishedPackage {
  readonly versions: ReadonlyMap<string, PublishedVersion>;
  /** Versions by dist-tag. */
  readonly tags: ReadonlyMap<string, string>;
}

/** A registry's answer to an upload. */
export interface Confirmation {
  readonly status: number;
  /** Whether it is a 201 (Created) or, as from npm's own registry, `{"ok": …}`. Any other answer may come from a gateway. */
  readonly isCertain: boolean;
}

export interface ReadOptions {
  /** Without retries: for a step of something larger, which `repeat` repeats. */
  readonly once?: boolean;
}

/** A client for one npm registry. */
export interface NpmClient {
  readonly registry: URL;
  /** Set if packages are staged, not published. */
  readonly staging: StagingClient | undefined;
  packageUrl(name: string): URL;
  /**
   * The registry's description of a package; `none` if there is no such package, `too large` if the description is.
   *
   * @throws HttpError, NetworkError, StalledError
   * @throws UnexpectedAnswerError if the answer is not a description of a package
   */
  read(name: string, options?: ReadOptions): Promise<PublishedPackage | 'none' | 'too large'>;
  /**
   * The registry's description of one version alone, which is small however many versions there are; undefined if there is
   * no such version.
   *
   * @throws HttpError, NetworkError, StalledError
   * @throws UnexpectedAnswerError if the answer does not describe this version
   */
  readVersion(name: string, version: string, options?: ReadOptions): Promise<PublishedVersion | undefined>;
  /**
   * Sends a version once, without retries.
   *
   * @param subject names the version in error messages
   * @param onSent is called with the number of bytes of `body` sent so far
   * @throws HttpError, NetworkError, StalledError
   * @throws UnexpectedAnswerError if the answer is not a JSON object
   */
  publish(subject: string, name: string, body: SizedBody, onSent: (bytes: number) => void): Promise<Confirmation>;
  /**
   * Points a dist-tag at a version that is there.
   *
   * @throws HttpError, NetworkError, StalledError
   */
  setTag(name: string, tag: string, version: string): Promise<void>;
  /** Repeats `work` while it fails for a transient reason. @throws the last error of `work` */
  repeat<T>(subject: string, name: string, work: () => Promise<T>): Promise<T>;
}

/** A thousand versions take about 1 MB in the short form, which is requested. */
const maxPackageBytes = 8 * 1024 * 1024;
/** The names of all versions are kept until the package is published. */
const maxVersions = 10_000;
/** The description of one version may include its README. */
const maxVersionBytes = 4 * 1024 * 1024;
/** Registries answer an upload with a few words. */
const maxConfirmationBytes = 64 * 1024;
const maxRedirects = 3;
const shortForm = 'application/vnd.npm.install-v1+json; q=1.0, application/json; q=0.8, */*';

/** The client for `registry`, a URL that ends with a slash. @param stages whether packages are staged, not published */
export function createNpmClient(http: Http, registry: URL, stages = false): NpmClient {
  const packageUrl = (name: string): URL => new URL(packagePath(name), registry);
  // Metadata only grows: what was too large once is not requested again.
  const tooLarge = new Set<string>();
  const staging = stages ? createStagingClient(http, registry) : undefined;
  return {
    registry,
    staging,
    packageUrl,

    async read(name, { once = false } = {}) {
      if (tooLarge.has(name)) return 'too large';
      const url = packageUrl(name);
      return await http.send(
        {
          subject: name,
          method: 'GET',
          url,
          accept: [200, 404],
          headers: { accept: shortForm, 'cache-control': 'no-cache' },
          redirects: maxRedirects,
          once,
        },
        async (answer) => {
          if (answer.status !== 200) {
            await discard(answer);
            return 'none';
          }
          const bytes = await readWhole(answer.body, maxPackageBytes);
          // Registries that have only the long form include every version's README, which may be too much to hold.
          try {
            if (bytes !== undefined) return parseAnswer(answer, bytes, 'package metadata', readPackage);
          } catch (error) {
            if (!((error as Error).cause instanceof TooManyValuesError)) throw error;
          }
          tooLarge.add(name);
          return 'too large';
        },
      );
    },

    async readVersion(name, version, { once = false } = {}) {
      const url = new URL(`${packagePath(name)}/${version}`, registry);
      const accept = [200, 404];
      return await http.send(
        { subject: `${name}@${version}`, method: 'GET', url, accept, redirects: maxRedirects, once },
        async (answer) => {
          if (answer.status === 200)
            return parseAnswer(answer, await readBytes(answer, maxVersionBytes), 'version metadata', (document) => {
              if (asObject(document, 'it')['version'] !== version) throw new InputError(`it is not about ${version}`);
              return readVersion(document);
            });
          await discard(answer);
          return undefined;
        },
      );
    },

    async publish(subject, name, body, onSent) {
      return await http.send(
        {
          subject,
          method: 'PUT',
          url: packageUrl(name),
          accept: [200, 201, 202, 204],
          headers: { 'content-type': 'application/json', accept: '*/*' },
          body,
          once: true,
          onSent,
        },
        async (answer) => {
          const { status } = answer;
          const text = (await readWhole(answer.body, maxConfirmationBytes))?.toString('utf8').trim();
          // Too long to say anything but its status.
          if (text === undefined) return { status, isCertain: status === 201 };
          const document = text === '' ? {} : tryParseJson(text);
          // Registries answer with an object or nothing. A gateway may answer with plain text.
          if (!isRecord(document))
            throw new UnexpectedAnswerError(
              `${subject}: ${registry.host} answered ${status} with something that is not a JSON object`,
              { status, isForeign: true },
            );
          return { status, isCertain: status === 201 || Boolean(document['ok'] ?? document['success']) };
        },
      );
    },

    async setTag(name, tag, version) {
      await http.send(
        {
          subject: `${name}: dist-tag ${tag}`,
          method: 'PUT',
          url: new URL(`-/package/${packagePath(name)}/dist-tags/${encodeURIComponent(tag)}`, registry),
          accept: [200, 201, 204],
          headers: { 'content-type': 'application/json', accept: '*/*' },
          body: bytesBody(JSON.stringify(version)),
        },
        discard,
      );
    },

    async repeat(subject, name, work) {
      const url = staging === undefined ? packageUrl(name) : staging.packageUrl(name);
      return await http.repeat(`${subject}: ${staging === undefined ? 'PUT' : 'POST'} ${url.href}`, url, work);
    },
  };
}

/** @throws InputError if it is not package metadata; TooManyValuesError */
function readPackage(document: unknown): PublishedPackage {
  const { name, versions = {}, 'dist-tags': tags = {} } = asObject(document, 'it');
  asString(name, 'name');
  const described = Object.entries(asObject(versions, 'versions'));
  if (described.length > maxVersions) throw new TooManyValuesError(`it has more than ${maxVersions} versions`);
  return {
    versions: new Map(described.map(([version, manifest]) => [version, readVersion(manifest)])),
    tags: new Map(
      Object.entries(asObject(tags, 'dist-tags')).filter(
        (entry): entry is [string, string] => typeof entry[1] === 'string',
      ),
    ),
  };
}

function readVersion(manifest: unknown): PublishedVersion {
  const { dist, deprecated } = isRecord(manifest) ? manifest : {};
  const { integrity, shasum, tarball } = isRecord(dist) ? dist : {};
  const stringOf = (value: unknown): string | undefined =>
    typeof value === 'string' && value !== '' ? value : undefined;
  return {
    integrity: stringOf(integrity),
    shasum: stringOf(shasum),
    tarball: webAddress(stringOf(tarball)),
    isDeprecated: Boolean(deprecated),
  };
}

/** The URL without credentials; undefined if it is not one that a browser or npm would open. */
function webAddress(text: string | undefined): string | undefined {
  const url = URL.parse(text ?? '');
  return url !== null && /^https?:$/.test(url.protocol) ? printableUrl(url) : undefined;
}
