/** The uploads in progress, and their Locations: each answer gives a new one, which must be used unchanged. */
import { randomBytes, randomUUID } from 'node:crypto';
import { Refusal } from './answers.ts';
import type { StoredContent } from './content-store.ts';
import { registryError } from './registry-answers.ts';
import type { RegistryBehaviour } from './registry-options.ts';

export type UploadServer = 'registry' | 'blobs';

export interface Upload {
  readonly id: string;
  readonly name: string;
  readonly parts: StoredContent[];
  size: number;
  /** How many PATCHes it has had. */
  chunks: number;
  lastChunkBytes: number;
  /** The server, and the path with its query. */
  location: string;
  readonly earlierLocations: Set<string>;
}

export class OpenUploads {
  readonly #behaviour: RegistryBehaviour;
  readonly #uploads = new Map<string, Upload>();
  readonly #ended = new Set<string>();
  /** Blobs that requests are sending by digest. */
  readonly #inFlight = new Set<string>();

  constructor(behaviour: RegistryBehaviour) {
    this.#behaviour = behaviour;
  }

  start(name: string): Upload {
    const id = randomUUID();
    const upload: Upload = {
      id,
      name,
      parts: [],
      size: 0,
      chunks: 0,
      lastChunkBytes: 0,
      location: '',
      earlierLocations: new Set(),
    };
    this.#uploads.set(id, upload);
    return upload;
  }

  /** The path of a new Location, with its query; the previous one becomes stale. */
  move(upload: Upload, server: UploadServer): string {
    if (upload.location !== '') upload.earlierLocations.add(upload.location);
    const path = `/v2/${upload.name}/blobs/uploads/${upload.id}`;
    const state = randomBytes(40);
    const forms: Readonly<Record<RegistryBehaviour['locationQuery'], string>> = {
      none: `.${state.toString('base64url')}`,
      plain: `?_state=${state.toString('base64url')}`,
      // Valid by RFC 3986, but changed by any library that decodes and encodes it again.
      odd: `?_state=${state.toString('base64')}&part=a%2fb:c,%20d&sealed`,
    };
    const target = path + forms[this.#behaviour.locationQuery];
    upload.location = `${server} ${target}`;
    return target;
  }

  /** The upload of a request's path, without the digest that PUT appends. @throws Refusal if there is none */
  find(server: UploadServer, path: string): Upload {
    const [, id = ''] = /\/blobs\/uploads\/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/.exec(path) ?? [];
    const upload = this.#uploads.get(id);
    if (upload === undefined) {
      throw uploadUnknown(this.#ended.has(id) ? undefined : 'an upload that was never started');
    }
    const location = `${server} ${path}`;
    if (location === upload.location) return upload;
    if (!upload.earlierLocations.has(location)) throw uploadUnknown('not the Location that was given');
    if (!this.#behaviour.staleLocations) throw uploadUnknown();
    return upload;
  }

  /**
   * Registers a request that sends a blob by digest. @returns ends that
   *
   * @throws Refusal if another one has the blob, unless both may go on
   */
  claim(upload: Upload, digest: string, isStored: boolean): () => void {
    const { sameBlobs, existsStatus } = this.#behaviour;
    const key = `${upload.name} ${digest}`;
    const isInFlight = this.#inFlight.has(key);
    const isRefused = sameBlobs === 'refused-in-flight' ? isInFlight : isInFlight || isStored;
    if (sameBlobs !== 'accepted' && isRefused) {
      this.end(upload);
      if (sameBlobs === 'unknown') throw uploadUnknown();
      throw new Refusal(
        sameBlobs === 'exists'
          ? registryError(existsStatus, 'DENIED', 'the blob already exists', { digest })
          : registryError(409, 'BLOB_UPLOAD_INVALID', 'another request uploads this blob', { digest }),
      );
    }
    this.#inFlight.add(key);
    return () => this.#inFlight.delete(key);
  }

  end(upload: Upload): void {
    this.#uploads.delete(upload.id);
    this.#ended.add(upload.id);
  }

  clear(): void {
    this.#uploads.clear();
    this.#ended.clear();
    this.#inFlight.clear();
  }
}

function uploadUnknown(violation?: string): Refusal {
  return new Refusal(registryError(404, 'BLOB_UPLOAD_UNKNOWN', 'blob upload unknown to registry'), violation);
}
