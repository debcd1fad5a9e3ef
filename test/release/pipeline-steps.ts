/** Reads the steps of the project's own bitbucket-pipelines.yml, as Pipelines does. */

import { parse } from 'yaml';

export interface PipelineStep {
  readonly name: string;
  readonly script: readonly string[];
  /** Minutes. */
  readonly 'max-time'?: number;
  /** Default: `1x`. */
  readonly size?: `${number}x`;
  readonly services?: readonly string[];
}

interface Entry {
  readonly step?: PipelineStep;
  readonly parallel?: { readonly steps: readonly { readonly step: PipelineStep }[] };
}

interface Pipelines {
  readonly definitions: { readonly services: Readonly<Record<string, { readonly memory?: number }>> };
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

/** The steps of every pipeline of the project. */
export function allSteps(yaml: string): readonly PipelineStep[] {
  return ['branches.main', 'custom.development-release', 'custom.mutants'].flatMap((path) => stepsOf(yaml, path));
}

/** What a step has, in bytes: its size times 4 GB, less what its services have. */
export interface StepMemory {
  readonly stepBytes: number;
  readonly serviceBytes: number;
}

/** @see https://support.atlassian.com/bitbucket-cloud/docs/databases-and-service-containers/ "Memory limits" */
export function memoryOf(yaml: string, { size = '1x', services = [] }: PipelineStep): StepMemory {
  const { definitions } = parse(yaml, { merge: true }) as Pipelines;
  const memories = services.map((name) => definitions.services[name]?.memory ?? 1024);
  const serviceMegabytes = memories.reduce((sum, each) => sum + each, 0);
  const megabyte = 1024 ** 2;
  return {
    stepBytes: (Number.parseInt(size) * 4096 - serviceMegabytes) * megabyte,
    serviceBytes: serviceMegabytes * megabyte,
  };
}
