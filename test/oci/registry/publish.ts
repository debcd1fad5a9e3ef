/** Publishes an image from sources that are sent in different ways, and checks that it can be pulled. */

import { expect } from '@jest/globals';
import type { Fixture } from '../../run-pipe.ts';
import { imageEnvironment, writeArchive, writeLayout } from './images.ts';

export type Source = 'docker archive' | 'OCI layout';

const writers: Readonly<Record<Source, (fixture: Fixture, contents: readonly Buffer[]) => Promise<string>>> = {
  'docker archive': (fixture, contents) => writeArchive(fixture, contents),
  'OCI layout': (fixture, contents) => writeLayout(fixture, contents),
};
export const sources: readonly Source[] = ['docker archive', 'OCI layout'];

export async function publish(
  fixture: Fixture,
  source: Source,
  contents: readonly Buffer[],
  ...extraArgs: readonly string[]
): Promise<void> {
  const { exitCode, output } = await fixture.runPipe(
    imageEnvironment(fixture, await writers[source](fixture, contents), ...extraArgs),
  );
  expect({ exitCode, output: exitCode === 0 ? '' : output }).toEqual({ exitCode: 0, output: '' });
  expect(await fixture.sandbox.registry.pullProblems('acme/app', 'v1')).toEqual([]);
}
