/** The container registry's repositories: their blobs, manifests and tags. */
import { createHash } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { ContentStore, type ContentWriter, type StoredContent } from './content-store.ts';

export interface RegistryBlob {
  readonly size: number;
  /** How often a request has uploaded it; 0 if a test added it. */
  readonly uploads: number;
  /** It was mounted from another repository, without sending its content. */
  readonly mounted: boolean;
  /** Rejects if content is discarded. */
  content(): Promise<Buffer>;
}

export interface RegistryManifest {
  readonly mediaType: string;
  readonly bytes: Buffer;
}

/** A request that tagged a manifest, even if it already had the tag. */
export interface TagMove {
  readonly tag: string;
  readonly from: string | undefined;
  readonly to: string;
  /** By performance.now(). */
  readonly at: number;
  /** How often the tag was read since, while reads were stale. */
  reads: number;
}

export interface RegistryRepository {
  readonly name: string;
  /** By digest. */
  readonly blobs: ReadonlyMap<string, RegistryBlob>;
  /** By digest. */
  readonly manifests: ReadonlyMap<string, RegistryManifest>;
  /** Their digests. */
  readonly tags: ReadonlyMap<string, string>;
  /** Of tags, in order. */
  readonly moves: readonly TagMove[];
  /** A package of another repository than the pipeline's: its `packagesToken` does not reach it. */
  readonly ofOtherRepository: boolean;
}

export interface KeptBlob extends RegistryBlob {
  readonly stored: StoredContent;
}

export interface KeptRepository extends RegistryRepository {
  readonly blobs: Map<string, KeptBlob>;
  readonly manifests: Map<string, RegistryManifest>;
  readonly tags: Map<string, string>;
  readonly moves: TagMove[];
}

/** If content is discarded, configs are still kept, because clients read them. */
const keptBytes = 1024 * 1024;

export const digestPattern = /^sha256:[0-9a-f]{64}$/;
export const tagPattern = /^\w[\w.-]{0,127}$/;

export function digestOf(content: Buffer): string {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`;
}

export class RegistryStore {
  readonly repositories = new Map<string, KeptRepository>();
  readonly #contents: ContentStore;

  constructor(discardContent: boolean) {
    this.#contents = new ContentStore(discardContent, keptBytes);
  }

  create(name: string, ofOtherRepository = false): KeptRepository {
    const repository: KeptRepository = {
      name,
      blobs: new Map(),
      manifests: new Map(),
      tags: new Map(),
      moves: [],
      ofOtherRepository,
    };
    this.repositories.set(name, repository);
    return repository;
  }

  /** @throws Refusal if there is none */
  repository(name: string): KeptRepository {
    const repository = this.repositories.get(name);
    if (repository === undefined) throw new TypeError(`no package ${name}`);
    return repository;
  }

  writer(dropLastByte: boolean): ContentWriter {
    return this.#contents.writer(dropLastByte);
  }

  /** Joins several parts. */
  async join(parts: readonly StoredContent[]): Promise<StoredContent> {
    const [first, ...others] = parts;
    if (first !== undefined && others.length === 0) return first;
    const discarded = parts.find(({ kept }) => !kept);
    if (discarded !== undefined) return { ...discarded, size: parts.reduce((sum, { size }) => sum + size, 0) };
    const writer = this.#contents.writer();
    for (const part of parts) {
      for await (const chunk of part.stream()) {
        writer.write(chunk);
        await writer.pending;
      }
      part.remove();
    }
    return writer.finish();
  }

  addBlob({ blobs }: KeptRepository, digest: string, stored: StoredContent): void {
    const uploads = (blobs.get(digest)?.uploads ?? 0) + 1;
    blobs.set(digest, { size: stored.size, uploads, mounted: false, stored, content: () => stored.read() });
  }

  mountBlob({ blobs }: KeptRepository, digest: string, blob: KeptBlob): void {
    if (!blobs.has(digest)) blobs.set(digest, { ...blob, uploads: 0, mounted: true });
  }

  /** For seeds. */
  plantBlob({ blobs }: KeptRepository, content: Buffer): string {
    const stored = this.#contents.keep(content);
    const digest = `sha256:${stored.sha256}`;
    blobs.set(digest, { size: stored.size, uploads: 0, mounted: false, stored, content: () => stored.read() });
    return digest;
  }

  putManifest({ manifests, tags, moves }: KeptRepository, manifest: RegistryManifest, tag: string | undefined): string {
    const digest = digestOf(manifest.bytes);
    manifests.set(digest, manifest);
    if (tag !== undefined) {
      moves.push({ tag, from: tags.get(tag), to: digest, at: performance.now(), reads: 0 });
      tags.set(tag, digest);
    }
    return digest;
  }

  /** For seeds. */
  plantManifest({ manifests, tags }: KeptRepository, manifest: RegistryManifest, newTags: readonly string[]): string {
    const digest = digestOf(manifest.bytes);
    manifests.set(digest, manifest);
    for (const tag of newTags) tags.set(tag, digest);
    return digest;
  }

  /** The manifest of a tag or a digest. */
  findManifest({ manifests, tags }: RegistryRepository, reference: string): [string, RegistryManifest] | undefined {
    const digest = digestPattern.test(reference) ? reference : tags.get(reference);
    const manifest = manifests.get(digest ?? '');
    return digest === undefined || manifest === undefined ? undefined : [digest, manifest];
  }

  clear(): void {
    this.repositories.clear();
    this.#contents.close();
  }
}
