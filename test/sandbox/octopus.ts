/** The sandbox's Octopus server: its interface for tests, and the handler of its server. */
import { ContentStore } from './content-store.ts';
import { type OctopusOptions, parseOctopusOptions } from './octopus-options.ts';
import { keyOf, type OctopusPackage, type OctopusSpace, parseName, storedPackage } from './octopus-packages.ts';
import { serveOctopus } from './octopus-server.ts';
import { OctopusSignIn } from './octopus-sign-in.ts';
import type { Handler } from './sandbox-server.ts';

/** The interface for tests. */
export interface Octopus {
  /** By name. */
  readonly spaces: ReadonlyMap<string, OctopusSpace>;
  /** Of the default space, by `ID.VERSION` in lower case. */
  readonly packages: ReadonlyMap<string, OctopusPackage>;
  /** Of the default space, by the same. */
  readonly buildInformation: ReadonlyMap<string, unknown>;
  /** Adds a package to the default space. */
  seed(fileName: string, content: Buffer): Promise<void>;
  /** Access tokens that were issued are no longer accepted. */
  expireTokens(): void;
}

export interface OctopusParts {
  readonly octopus: Octopus;
  readonly issued: readonly string[];
  readonly serve: Handler;
  reset(): void;
  close(): void;
}

export function createOctopus(given: OctopusOptions, discardContent: boolean): OctopusParts {
  const options = parseOctopusOptions(given);
  const names = options.spaces ?? ['Default', 'Team'];
  const spaces: readonly OctopusSpace[] = names.map((name, index) => ({
    id: `Spaces-${index + 1}`,
    name,
    packages: new Map(),
    buildInformation: new Map(),
  }));
  const [first] = spaces;
  if (first === undefined) throw new TypeError('octopus: there must be a space');
  const issued: string[] = [];
  const signIn = new OctopusSignIn(issued);
  const contents = new ContentStore(discardContent);
  return {
    octopus: {
      spaces: new Map(spaces.map((space) => [space.name, space])),
      packages: first.packages,
      buildInformation: first.buildInformation,
      seed: async (fileName, content) => {
        const name = parseName(fileName);
        if (name === undefined) throw new TypeError(`octopus: ${fileName} is not a package`);
        first.packages.set(
          keyOf(name.id, name.version),
          await storedPackage(name, contents.keep(content), content.length),
        );
      },
      expireTokens: () => signIn.expire(),
    },
    issued,
    serve: (exchange) => serveOctopus(exchange, { options, spaces, signIn, contents }),
    reset: () => {
      issued.length = 0;
      for (const { packages, buildInformation } of spaces) {
        packages.clear();
        buildInformation.clear();
      }
    },
    close: () => contents.close(),
  };
}
