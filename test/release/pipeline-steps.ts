/** Reads the steps of the project's own bitbucket-pipelines.yml, as Pipelines does. */

import { parse } from 'yaml';

export interface PipelineStep {
  readonly name: string;
  readonly script: readonly string[];
  /** Minutes. */
  readonly 'max-time'?: number;
}

interface Entry {
  readonly step?: PipelineStep;
  readonly parallel?: { readonly steps: readonly { readonly step: PipelineStep }[] };
}

interface Pipelines {
  readonly pipelines: {
    readonly default: readonly Entry[];
    readonly branches: Readonly<Record<string, readonly Entry[]>>;
    readonly custom: Readonly<Record<string, readonly Entry[]>>;
  };
}

/** @param path of a pipeline: `default`, or `branches.main` */
export function stepsOf(yaml: string, path: string): readonly PipelineStep[] {
  const { pipelines } = parse(yaml, { merge: true }) as Pipelines;
  const [kind = '', name = ''] = path.split(/\.(.*)/s);
  const entries = kind === 'default' ? pipelines.default : pipelines[kind as 'branches' | 'custom'][name];
  if (entries === undefined) throw new Error(`there is no pipeline ${path}`);
  return entries.flatMap(({ step, parallel }) =>
    step === undefined ? (parallel?.steps ?? []).map((each) => each.step) : [step],
  );
}
