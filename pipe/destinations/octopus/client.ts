/**
 * The REST API of an Octopus server, one function for each operation.
 *
 * @see https://octopus.com/docs/octopus-rest-api
 */

import { InputError } from '../../errors.ts';
import { discard, parseAnswer, readBytes, type Answer } from '../../http/answer.ts';
import { fileForm } from '../../http/multipart.ts';
import type { Http } from '../../http/send.ts';
import { bytesBody, type SizedBody } from '../../io/body.ts';
import { asList, asObject, asOptionalString, asString } from '../../io/json.ts';
import { printable } from '../../toolkit/stdout.ts';
import { readSignatureAnswer } from './delta/read-signature-answer.ts';
import type { Signature } from './delta/signature.ts';
import type { PackageIdentity } from '../../archive/pack/package-name.ts';

/** A package, as the server describes it. */
export interface StoredPackage {
  readonly id: string;
  /** Undefined if the server does not say. */
  readonly version: string | undefined;
  /** Bytes; undefined if the server does not say. */
  readonly size: number | undefined;
  /** SHA-1, lower-case hexadecimal; undefined if the server does not say. */
  readonly sha1: string | undefined;
}

/** What the server has that a delta can be based on. */
export interface BaseSignature {
  readonly version: string;
  readonly signature: Signature;
}

/** What to do about a package that exists. */
export type OverwriteMode = 'FailIfExists' | 'OverwriteExisting' | 'IgnoreIfExists';

/** A package on its way. */
export interface Upload {
  /** `ID.VERSION.FORMAT` */
  readonly fileName: string;
  readonly mode: OverwriteMode;
  readonly body: SizedBody;
  /** Called with the number of bytes of `body` sent so far. */
  readonly onSent: (bytes: number) => void;
}

/** Where packages are. */
export interface OctopusPlace {
  /** The server's URL, which ends with a slash. */
  readonly server: URL;
  /** `Spaces-1`; undefined for the default space. */
  readonly spaceId: string | undefined;
}

/**
 * A client for one Octopus server.
 *
 * Each method throws HttpError, NetworkError or StalledError if the request fails, and UnexpectedAnswerError if the answer
 * is not that of an Octopus server.
 */
export interface OctopusClient {
  /** The ID of the space with this name. @throws InputError if there is none that may be seen */
  findSpace(name: string): Promise<string>;
  /** The package; undefined if there is none. @param once without retries, as a step of `repeat` */
  find(place: OctopusPlace, identity: PackageIdentity, once?: boolean): Promise<StoredPackage | undefined>;
  /** The signature of the version that is nearest to this one. */
  findSignature(place: OctopusPlace, identity: PackageIdentity): Promise<BaseSignature | 'none' | 'too large'>;
  /** Sends a package once, without retries: whole, or as a delta to `baseVersion`. @returns what the server has stored */
  push(place: OctopusPlace, upload: Upload, delta?: PackageIdentity): Promise<StoredPackage>;
  /** Adds build information to a package, whether or not that exists yet. */
  addBuildInformation(
    place: OctopusPlace,
    identity: PackageIdentity,
    mode: OverwriteMode,
    information: Readonly<Record<string, unknown>>,
  ): Promise<void>;
  /** Repeats `work` while it fails for a transient reason. @throws the last error of `work` */
  repeat<T>(subject: string, place: OctopusPlace, work: () => Promise<T>): Promise<T>;
}

const maxResourceBytes = 1024 * 1024;
const spacesAtOnce = 100;
/** More than any server has. */
const maxSpaces = 10_000;
const maxListedSpaces = 10;

/** @param headers are sent with each request, such as the API key */
export function createOctopusClient(http: Http, server: URL, headers: Readonly<Record<string, string>>): OctopusClient {
  const json = { ...headers, accept: 'application/json' };
  return {
    async findSpace(name) {
      const subject = `the space ${printable(name)}`;
      const spaces: { readonly id: string; readonly name: string }[] = [];
      for (let skip = 0; skip < maxSpaces; skip += spacesAtOnce) {
        const url = new URL('api/spaces', server);
        const take = String(spacesAtOnce);
        url.search = String(new URLSearchParams({ partialName: name, skip: String(skip), take }));
        const page = await http.send({ subject, method: 'GET', url, accept: [200], headers: json }, async (answer) =>
          parseAnswer(answer, await readBytes(answer, maxResourceBytes), 'a list of spaces', readSpaces),
        );
        spaces.push(...page);
        if (page.length < spacesAtOnce || page.some((space) => space.name === name)) break;
      }
      const isNamed = (other: string): boolean => other.toLowerCase() === name.toLowerCase();
      const found =
        spaces.find((space) => space.name === name) ?? spaces.find((space) => isNamed(space.name) || space.id === name);
      if (found !== undefined) return found.id;
      const shown = spaces.slice(0, maxListedSpaces).map((space) => printable(space.name));
      const more = spaces.length > shown.length ? ` and ${spaces.length - shown.length} more` : '';
      const others = shown.join(', ') + more;
      throw new InputError(
        `${subject} is not on ${server.host}, or this account may not see it${others === '' ? '' : `; there is ${others}`}`,
        {
          advice:
            'Correct --space, or let the account of the API key see the space (a team of that space must have it as a member).',
        },
      );
    },

    async find(place, { id, version }, once = false) {
      const subject = `${id} ${version}`;
      const url = packagesUrl(place, `/${encodeURIComponent(`${id}.${version}`)}`);
      return await http.send(
        { subject, method: 'GET', url, accept: [200, 404], headers: json, once },
        async (answer) => {
          if (answer.status === 200) return await readPackage(answer);
          await discard(answer);
          return undefined;
        },
      );
    },

    async findSignature(place, { id, version }) {
      const subject = `${id} ${version}: delta`;
      const url = packagesUrl(place, `/${encodeURIComponent(id)}/${encodeURIComponent(version)}/delta-signature`);
      // Once, and within one time limit: a signature only saves time.
      const request = { subject, method: 'GET', url, accept: [200, 404], headers: json, once: true } as const;
      return await http.send(request, async (answer) => {
        if (answer.status === 200) return await readSignature(answer);
        await discard(answer);
        return 'none';
      });
    },

    async push(place, { fileName, mode, body, onSent }, delta) {
      const path =
        delta === undefined ? '/raw' : `/${encodeURIComponent(delta.id)}/${encodeURIComponent(delta.version)}/delta`;
      const url = packagesUrl(place, path);
      url.search = `overwriteMode=${mode}`;
      const form = fileForm('file', fileName, body);
      const overhead = form.body.length - body.length;
      return await http.send(
        {
          subject: fileName,
          method: 'POST',
          url,
          accept: [200, 201],
          headers: { ...json, 'content-type': form.contentType },
          body: form.body,
          once: true,
          unendingAnswer: 'doubtful',
          onSent: (bytes) => onSent(Math.min(body.length, Math.max(0, bytes - overhead))),
        },
        readPackage,
      );
    },

    async addBuildInformation(place, { id, version }, mode, information) {
      const url = apiUrl(place, 'build-information');
      url.search = `overwriteMode=${mode}`;
      const document = {
        ...(place.spaceId !== undefined && { SpaceId: place.spaceId }),
        PackageId: id,
        Version: version,
        // Octopus's own clients differ in where they put it.
        OverwriteMode: mode,
        OctopusBuildInformation: information,
      };
      await http.send(
        {
          subject: `${id} ${version}: build information`,
          method: 'POST',
          url,
          accept: [200, 201],
          headers: { ...json, 'content-type': 'application/json' },
          body: bytesBody(JSON.stringify(document)),
        },
        async (answer) =>
          void parseAnswer(answer, await readBytes(answer, maxResourceBytes), 'build information', (it) =>
            asString(asObject(it, 'it')['PackageId'], 'PackageId'),
          ),
      );
    },

    async repeat(subject, place, work) {
      const url = packagesUrl(place, '/raw');
      return await http.repeat(`${subject}: POST ${url.href}`, url, work);
    },
  };
}

/** The URL that a package can be downloaded from. */
export function packageUrl(place: OctopusPlace, { id, version }: PackageIdentity): URL {
  return packagesUrl(place, `/${encodeURIComponent(`${id}.${version}`)}/raw`);
}

function packagesUrl(place: OctopusPlace, path: string): URL {
  return apiUrl(place, `packages${path}`);
}

function apiUrl({ server, spaceId }: OctopusPlace, path: string): URL {
  return new URL(spaceId === undefined ? `api/${path}` : `api/${encodeURIComponent(spaceId)}/${path}`, server);
}

async function readPackage(answer: Answer): Promise<StoredPackage> {
  return parseAnswer(answer, await readBytes(answer, maxResourceBytes), 'a package', (document) => {
    const { PackageId: id, Version: version, PackageSizeBytes: size, Hash: hash } = asObject(document, 'it');
    return {
      id: asString(id, 'PackageId'),
      version: asOptionalString(version, 'Version'),
      size: typeof size === 'number' ? size : undefined,
      sha1: asOptionalString(hash, 'Hash')?.toLowerCase(),
    };
  });
}

function readSpaces(document: unknown): readonly { readonly id: string; readonly name: string }[] {
  return asList(asObject(document, 'it')['Items'], 'Items').map((item, index) => {
    const { Id: id, Name: name } = asObject(item, `Items[${index}]`);
    return { id: asString(id, `Items[${index}].Id`), name: asString(name, `Items[${index}].Name`) };
  });
}

async function readSignature(answer: Answer): Promise<BaseSignature | 'too large'> {
  const read = await readSignatureAnswer(answer.body);
  if (read === undefined) return 'too large';
  return parseAnswer(answer, read.document, 'a signature', (document) => ({
    version: asString(asObject(document, 'it')['BaseVersion'], 'BaseVersion'),
    signature: read.signature,
  }));
}
