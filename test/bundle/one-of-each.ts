/** Uploads one item of each TYPE to a sandbox, at any address that leads there, and checks that it landed. */

import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect } from '@jest/globals';
import { jar } from '../destinations/maven/artifacts.ts';
import { wheel } from '../destinations/pypi/packages.ts';
import { dockerArchive } from '../sandbox/demo-image.ts';
import { npmTarball } from '../sandbox/demo-package.ts';
import { type Sandbox, startSandbox } from '../sandbox/sandbox.ts';
import { type Ended, startBundle, type StartOptions } from '../run-bundle.ts';

export const types = ['file', 'image', 'npm', 'maven', 'pypi', 'octopus'] as const;
export type Type = (typeof types)[number];

const wheelFile = 'acme_app-1.0.0-py3-none-any.whl';

/** The origin of the server for each type, such as `https://127.0.0.1:8443`. */
export type Origins = Readonly<Record<Type, string>>;

export interface OneOfEach {
  readonly sandbox: Sandbox;
  readonly directory: string;
  /** The sandbox's own origins on this machine. */
  readonly origins: Origins;
  /** The variables for a run. @param origin leads to the server for the type */
  variables(type: Type, origin: string): Readonly<Record<string, string>>;
  /** Runs the bundle. @param origin leads to the server for the type */
  upload(type: Type, origin: string, env?: Readonly<Record<string, string>>, options?: TerminalOptions): Promise<Ended>;
  /** The problems in the sandbox; empty if the upload landed completely, and no request broke the sandbox's rules. */
  problems(type: Type): Promise<readonly string[]>;
}

export type TerminalOptions = Pick<StartOptions, 'columns'>;

/** Sets up a sandbox and the files. @param fileBytes the size of the largest file in each upload */
export function useOneOfEach({ fileBytes = 100_000 }: { readonly fileBytes?: number } = {}): OneOfEach {
  const content = randomBytes(fileBytes);
  const artifact = jar({ groupId: 'com.acme', artifactId: 'app', version: '1.0' }, [{ name: 'data', content }]);
  const python = wheel({ name: 'acme-app', version: '1.0.0' }, { 'acme_app/data': content });
  let sandbox: Sandbox | undefined;
  let directory = '';
  const started = (): Sandbox => {
    if (sandbox === undefined) throw new Error('the sandbox runs only during a test');
    return sandbox;
  };

  beforeAll(async () => {
    sandbox = await startSandbox({
      // A registry behind a gateway does not see the host name that the client used, and its realm speaks only plain http.
      registry: { packages: ['acme/app'], location: 'path', authentication: 'basic' },
      npm: { packages: ['@acme/app'] },
    });
    directory = await mkdtemp(join(tmpdir(), 'pipe-bundle-'));
    await writeFile(join(directory, wheelFile), python);
    const tarball = npmTarball({ name: '@acme/app', version: '1.0.0' }, { data: content });
    const files = { 'app.bin': content, 'image.tar': dockerArchive('acme/app:1.0', { data: content }) };
    for (const [name, bytes] of Object.entries({
      ...files,
      'app.tgz': tarball,
      'app.jar': artifact,
      'app.1.0.0.zip': content,
    }))
      await writeFile(join(directory, name), bytes);
  });
  beforeEach(() => started().reset());
  afterAll(async () => {
    await sandbox?.close();
    await rm(directory, { recursive: true });
  });

  function variables(type: Type, origin: string): Readonly<Record<string, string>> {
    const { tokens, npmUrl, mavenUrl, pypiUrl } = started();
    const octopus = { TYPE: 'octopus', TOKEN: tokens.octopusKey, FILENAME: 'app.1.0.0.zip' };
    const account = { USERNAME: tokens.apiUser, TOKEN: tokens.apiToken };
    const target = { WORKSPACE: 'acme', REPOSITORY: 'app' };
    return {
      file: { TOKEN: tokens.accessToken, ...target, API_URL: `${origin}/2.0`, FILENAME: 'app.bin' },
      image: { ...account, IMAGE: 'acme/app:1.0', REGISTRY: origin, FILENAME: 'image.tar' },
      npm: { ...account, TYPE: 'npm', REGISTRY: origin + new URL(npmUrl).pathname, FILENAME: 'app.tgz' },
      maven: { ...account, TYPE: 'maven', REGISTRY: origin + new URL(mavenUrl).pathname, FILENAME: 'app.jar' },
      octopus: { ...octopus, REGISTRY: origin },
      pypi: { ...account, TYPE: 'pypi', REGISTRY: origin + new URL(pypiUrl).pathname, FILENAME: wheelFile },
    }[type];
  }

  async function found(type: Type): Promise<readonly string[]> {
    const { downloads, registry, npm, maven, pypi, octopus } = started();
    if (type === 'image') return await registry.pullProblems('acme/app', '1.0');
    if (type === 'npm') return await npm.installProblems('@acme/app', '1.0.0');
    if (type === 'pypi') {
      const found = await pypi.projects.get('acme-app')?.get(wheelFile)?.content.read();
      return found?.equals(python) === true ? [] : ['the wheel is not there'];
    }
    const isThere =
      type === 'file'
        ? downloads.get('app.bin')?.size === fileBytes
        : type === 'octopus'
          ? octopus.packages.get('app.1.0.0')?.content.size === fileBytes
          : (await maven.files.get('com/acme/app/1.0/app-1.0.jar')?.content())?.equals(artifact) === true;
    return isThere ? [] : [`the ${type} is not there`];
  }

  return {
    get sandbox() {
      return started();
    },
    get directory() {
      return directory;
    },
    get origins() {
      const { apiUrl, registryUrl, npmUrl, mavenUrl, pypiUrl, octopusUrl } = started();
      const origin = (url: string): string => new URL(url).origin;
      return {
        file: origin(apiUrl),
        image: origin(registryUrl),
        npm: origin(npmUrl),
        maven: origin(mavenUrl),
        octopus: origin(octopusUrl),
        pypi: origin(pypiUrl),
      };
    },
    variables,
    upload: (type, origin, env = {}, options = {}) =>
      startBundle(
        { ...variables(type, origin), ...env },
        {
          cwd: directory,
          servers: () => ({ issued: started().issued, reports: [...started().reports.values()] }),
          ...options,
        },
      ).ended,
    problems: async (type) => [...(await found(type)), ...started().violations],
  };
}

/** Expects that a run succeeded. */
export function expectSuccess({ exitCode, output }: Ended): void {
  expect({ exitCode, output }).toEqual({ exitCode: 0, output: expect.stringMatching(/^✔ /m) });
}
