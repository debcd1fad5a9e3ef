/** The commits and pipelines of the sandbox's repository. */

export interface HistoryCommit {
  readonly hash: string;
  readonly message: string;
}

export interface HistoryPipeline {
  readonly number: number;
  /** In braces. */
  readonly uuid: string;
  readonly kind: 'branch' | 'tag';
  /** The name of the branch or tag. */
  readonly name: string;
  /** What it ran of bitbucket-pipelines.yml. */
  readonly selector: { readonly type: 'branches' | 'tags' | 'default' | 'custom'; readonly pattern?: string };
  readonly commit: string;
  /** Undefined while it runs. */
  readonly result: 'SUCCESSFUL' | 'FAILED' | 'STOPPED' | undefined;
}

export interface BuildHistory {
  /** Oldest first: each is the parent of the next. */
  readonly commits: HistoryCommit[];
  readonly pipelines: HistoryPipeline[];
}
