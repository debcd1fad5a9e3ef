/** Publishes an image from one of the sources that travel in different ways, and checks that it can be pulled. */

import { expect } from '@jest/globals';
import type { Bench } from '../../run-pipe.ts';
import { imageEnvironment, writeArchive, writeLayout } from './images.ts';

export type Source = 'docker archive' | 'OCI layout';

const writers: Readonly<Record<Source, (bench: Bench, contents: readonly Buffer[]) => Promise<string>>> = {
  'docker archive': (bench, contents) => writeArchive(bench, contents),
  'OCI layout': (bench, contents) => writeLayout(bench, contents),
};
export const sources: readonly Source[] = ['docker archive', 'OCI layout'];

export async function publish(
  bench: Bench,
  source: Source,
  contents: readonly Buffer[],
  ...extraArgs: readonly string[]
): Promise<void> {
  const { exitCode, output } = await bench.runPipe(
    imageEnvironment(bench, await writers[source](bench, contents), ...extraArgs),
  );
  expect({ exitCode, output: exitCode === 0 ? '' : output }).toEqual({ exitCode: 0, output: '' });
  expect(await bench.sandbox.registry.pullProblems('acme/app', 'v1')).toEqual([]);
}
