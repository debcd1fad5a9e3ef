/** One version of an artifact in a run, and how far its publication has come. */

import { PipeError } from '../../errors.ts';
import { sleep } from '../../http/origin-gate.ts';
import type { Patience } from '../../http/read-back.ts';
import { isSnapshot, formatTimestamp, versionDirectory } from './coordinates.ts';
import type { MavenClient } from './client.ts';
import { Index } from './index-file.ts';
import { formatMetadata, addBuild, hasBuild, nextBuild, type SnapshotBuild } from './metadata.ts';
import { type MetadataTools, readKnown } from './metadata-update.ts';
import type { ArtifactOutcome } from './outcome.ts';
import type { PlannedArtifact } from './planned.ts';
import { type Entry, expectNone, type FileTools, toEntries, toItem } from './publish-files.ts';
import { VersionConflictError } from './stored-files.ts';

/** Other publishers would have to take the name of each. */
const maxBuilds = 10;

interface BuildTools extends FileTools {
  readonly patience: Patience;
  readonly now: () => Date;
}

/** A version of an artifact. */
export class Job {
  readonly artifact: PlannedArtifact;
  /** The metadata of a SNAPSHOT's builds; undefined for a release. */
  readonly index: Index | undefined;
  /** The files; of a SNAPSHOT, those of its latest build. */
  entries: readonly Entry[];
  #build: SnapshotBuild | undefined;
  #builds = 0;

  constructor(artifact: PlannedArtifact, client: MavenClient) {
    const { pom } = artifact;
    this.artifact = artifact;
    this.index = isSnapshot(pom) ? new Index(versionDirectory(pom)) : undefined;
    this.entries = toEntries(artifact, pom.version, client);
  }

  /** The artifact's part in the outcome. */
  outcome(): ArtifactOutcome {
    const { pom } = this.artifact;
    return { coordinates: pom, version: this.#build?.version ?? pom.version, items: this.entries.map(toItem) };
  }

  /**
   * Publishes the next build of a SNAPSHOT whose names are free. What others have is left alone, and nothing refers to an
   * abandoned build.
   *
   * @param send publishes the files
   * @throws PipeError if other publishers take one build after the other
   */
  async sendBuild(tools: BuildTools, send: (entries: readonly Entry[]) => Promise<void>): Promise<void> {
    const { artifact, index } = this;
    for (;;) {
      const listed = await readKnown(tools.client, index?.directory ?? '');
      const build = nextBuild(listed, artifact.pom, formatTimestamp(tools.now()), this.#build?.number);
      this.#build = build;
      this.#builds++;
      this.entries = toEntries(artifact, build.version, tools.client);
      try {
        await expectNone(this.entries, tools);
        await send(this.entries);
        return;
      } catch (error) {
        await this.abandonBuild(error, tools);
      }
    }
  }

  /** Leaves a build to the publisher who has one of its names. @throws the error, if that is not the reason */
  async abandonBuild(error: unknown, { log, patience, signal }: BuildTools): Promise<void> {
    if (!(error instanceof VersionConflictError)) throw error;
    if (this.#builds === maxBuilds)
      throw new PipeError(`Other publishers took the names of ${maxBuilds} builds in a row: ${error.message}`);
    log.info(
      `${this.#build?.version} is another publisher's build, so this run publishes the next one: ${error.message}`,
    );
    await sleep(Math.random() * 2 * patience.baseMs, signal);
  }

  /** Lists the build in the metadata of a SNAPSHOT. */
  async listBuild(tools: MetadataTools): Promise<void> {
    const { pom, kinds } = this.artifact;
    const build = this.#build;
    if (build === undefined || this.index === undefined) return;
    await this.index.apply(
      {
        format: (known) => formatMetadata(addBuild(known, pom, build, kinds)),
        isApplied: (known) => hasBuild(known, build, kinds),
      },
      tools,
    );
  }
}
