/** What is published and interrupted, and how its state is judged from the server's side. */

import type { Type } from '../bundle/one-of-each.ts';
import type { Variables } from '../run-bundle.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';

/** An item of a run as the server has it; `earlier`: as it was before the run. */
export type State = 'absent' | 'earlier' | 'published';

export interface Judgement {
  /** Each item of the run by its name in the pipe's output. Those that are not named are absent. */
  readonly states: ReadonlyMap<string, State>;
  /** What is published only in part, or wrongly. */
  readonly problems: readonly string[];
  /** Permitted until the next run, because the protocol has no way around it. */
  readonly unfinished: readonly string[];
  /** Everything is published. */
  readonly isComplete: boolean;
}

export interface Subject {
  readonly type: Type;
  /** For the table, if there are several of a type. */
  readonly variant: string;
  /** Writes the files to publish. */
  prepare(directory: string): Promise<void>;
  /** Fills the server with what was published before. */
  seed(sandbox: Sandbox): Promise<void> | void;
  variables(sandbox: Sandbox): Variables;
  judge(sandbox: Sandbox): Promise<Judgement>;
}
