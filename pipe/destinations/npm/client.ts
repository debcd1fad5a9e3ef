/**
 * The registry protocol that npm speaks, one function for each of its operations.
 *
 * @see https://github.com/npm/registry/blob/main/docs/REGISTRY-API.md
 */

import { UnexpectedAnswerError } from '../../errors.ts';
import { discard, parseAnswer, readText } from '../../http/answer.ts';
import type { SizedBody } from '../../io/body.ts';
import { readWhole } from '../../io/bounded-read.ts';
import { asObject, asText, isRecord, tryParseJson } from '../../io/json.ts';
import { printableUrl } from '../../http/printable-url.ts';
import type { Http } from '../../http/send.ts';
import { packagePath } from './names.ts';

/** What a registry holds of one version. */
export interface PublishedVersion {
  /** One or several, separated by spaces; undefined where the registry says none. */
  readonly integrity: string | undefined;
  readonly shasum: string | undefined;
  readonly tarball: string | undefined;
  readonly isDeprecated: boolean;
}

/** What a registry holds of one package. */
export interface PublishedPackage {
  readonly versions: ReadonlyMap<string, PublishedVersion>;
  /** Versions by dist-tag. */
  readonly tags: ReadonlyMap<string, string>;
}

/** What a registry said of a version that it was sent. */
export interface Confirmation {
  readonly status: number;
  /** 201 (Created), or `{"ok": …}` as npm's own registry says. Anything else may come from something in between. */
  readonly isCertain: boolean;
}

export interface NpmClient {
  readonly registry: URL;
  packageUrl(name: string): URL;
  /**
   * What the registry holds of a package; `none` where it knows no such package, `too large` where its description is.
   *
   * @throws HttpError, NetworkError, StalledError
   * @throws UnexpectedAnswerError if the answer is not a description of a package
   */
  read(name: string): Promise<PublishedPackage | 'none' | 'too large'>;
  /** Once, whatever comes of it. @returns whether the registry has said that it has the version @throws HttpError, NetworkError, StalledError, UnexpectedAnswerError */
  publish(subject: string, name: string, document: SizedBody, onSent: (bytes: number) => void): Promise<Confirmation>;
  /** Repeats `work` as long as what it fails for may pass. */
  repeat<T>(subject: string, name: string, work: () => Promise<T>): Promise<T>;
}

/** A thousand versions have about 1 MB in the short form, which is the one that is asked for. */
const maxPackageBytes = 16 * 1024 * 1024;
const maxRedirects = 3;
const shortForm = 'application/vnd.npm.install-v1+json; q=1.0, application/json; q=0.8, */*';

/** @param registry ends with a slash */
export function createNpmClient(http: Http, registry: URL): NpmClient {
  const packageUrl = (name: string): URL => new URL(packagePath(name), registry);
  return {
    registry,
    packageUrl,

    async read(name) {
      const url = packageUrl(name);
      return await http.send(
        {
          subject: name,
          method: 'GET',
          url,
          accept: [200, 404],
          headers: { accept: shortForm, 'cache-control': 'no-cache' },
          redirects: maxRedirects,
        },
        async (answer) => {
          if (answer.status !== 200) {
            await discard(answer);
            return 'none';
          }
          const bytes = await readWhole(answer.body, maxPackageBytes);
          // Registries that only know the long form, with all versions' READMEs, may say more than is worth holding.
          return bytes === undefined
            ? 'too large'
            : parseAnswer(answer, bytes, 'a description of a package', readPackage);
        },
      );
    },

    async publish(subject, name, document, onSent) {
      return await http.send(
        {
          subject,
          method: 'PUT',
          url: packageUrl(name),
          accept: [200, 201, 202, 204],
          headers: { 'content-type': 'application/json', accept: '*/*' },
          body: document,
          once: true,
          onSent,
        },
        async (answer) => {
          const text = (await readText(answer, maxPackageBytes)).trim();
          const said = text === '' ? {} : tryParseJson(text);
          // Registries answer with an object, or with nothing; a gateway may have words of its own.
          if (!isRecord(said))
            throw new UnexpectedAnswerError(
              `${subject}: ${registry.host} answered ${answer.status} with something that is not a JSON object`,
              { status: answer.status, isForeign: true },
            );
          const { status } = answer;
          return { status, isCertain: status === 201 || Boolean(said['ok'] ?? said['success']) };
        },
      );
    },

    async repeat(subject, name, work) {
      const url = packageUrl(name);
      return await http.repeat(`${subject}: PUT ${url.href}`, url, work);
    },
  };
}

/** @throws InputError */
function readPackage(document: unknown): PublishedPackage {
  const { name, versions = {}, 'dist-tags': tags = {} } = asObject(document, 'it');
  asText(name, 'name');
  return {
    versions: new Map(
      Object.entries(asObject(versions, 'versions')).map(([version, manifest]) => [version, readVersion(manifest)]),
    ),
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
  const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);
  return {
    integrity: text(integrity),
    shasum: text(shasum),
    tarball: webAddress(text(tarball)),
    isDeprecated: Boolean(deprecated),
  };
}

/** Without credentials; undefined for what no browser and no npm would open. */
function webAddress(text: string | undefined): string | undefined {
  const url = URL.parse(text ?? '');
  return url !== null && /^https?:$/.test(url.protocol) ? printableUrl(url) : undefined;
}
