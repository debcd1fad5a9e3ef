/** Runs the pipe against the sandbox's Octopus server, and looks at what that has. */

import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Environment } from '../../../pipe/toolkit/environment.ts';
import { arrayVariables, type Ended, type Fixture } from '../../run-pipe.ts';
import { tokens } from '../../sandbox/tokens.ts';

/** Writes files into the test's directory. */
export function writeFiles({ directory }: Fixture, files: Readonly<Record<string, string | Buffer>>): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), content);
  }
}

/** Runs TYPE octopus with an API key. */
export async function runOctopus(fixture: Fixture, env: Environment, ...args: readonly string[]): Promise<Ended> {
  const target = { TYPE: 'octopus', REGISTRY: fixture.sandbox.octopusUrl, TOKEN: tokens.octopusKey };
  return await fixture.runPipe({ ...target, ...env, ...arrayVariables('EXTRA_ARGS', args) });
}

/** The methods and paths of all requests to the server, without queries. */
export function requestsOf({ sandbox }: Fixture): readonly string[] {
  return sandbox.requests
    .filter(({ server }) => server === 'octopus')
    .map(({ method, path }) => `${method} ${path.replace(/\?.*/, '')}`);
}

export function sha1Of(content: string | Buffer): string {
  return createHash('sha1').update(content).digest('hex');
}
