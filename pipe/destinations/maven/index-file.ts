/** A metadata file that the run changes, and what has become of it. */

import { type Action, failedAction } from '../outcome.ts';
import { metadataName } from './metadata.ts';
import { type MetadataChange, type MetadataTools, MetadataUpdate, type Seen } from './metadata-update.ts';
import type { IndexItem } from './outcome.ts';

export type Change = Pick<MetadataChange, 'format' | 'isApplied' | 'mayFollow'>;

/** A metadata file of the run. */
export class Index {
  /** Relative to the repository; ends with a slash. */
  readonly directory: string;
  action: Action = 'not sent';
  /** Set if the change was confirmed. */
  #update: MetadataUpdate | undefined;
  #wasSentWhole = false;
  #wasWritten = false;

  constructor(directory: string) {
    this.directory = directory;
  }

  /** Whether this run has changed it, and the repository has shown the change. */
  get isChanged(): boolean {
    return this.#update !== undefined;
  }

  /** The file's part in the outcome. */
  item(): IndexItem {
    return { name: this.directory + metadataName, action: this.action };
  }

  /** Writes a change, and reads it back. */
  async apply(change: Change, tools: MetadataTools): Promise<void> {
    const { directory } = this;
    const onSentWhole = (): void => {
      this.#wasSentWhole = true;
    };
    const onWritten = (): void => {
      this.#wasWritten = true;
    };
    const update = new MetadataUpdate({ ...change, directory, onSentWhole, onWritten }, tools);
    const isConfirmed = await this.#track(async () => await update.write());
    this.action = isConfirmed ? 'uploaded' : 'unconfirmed';
    this.#update = isConfirmed ? update : undefined;
  }

  /** Looks whether a confirmed change is still there; applies it again if it was lost. */
  async look(): Promise<Seen> {
    const update = this.#update;
    return update === undefined ? 'same' : await this.#track(async () => await update.look());
  }

  async #track<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      this.action = this.#wasWritten ? 'unconfirmed' : failedAction(error, this.#wasSentWhole);
      throw error;
    }
  }
}
