/** The sandbox's Python index: its interface for tests, and the handler of its server. */
import { ContentStore } from './content-store.ts';
import { parsePypiOptions, type PypiOptions } from './pypi-options.ts';
import { servePypi } from './pypi-server.ts';
import { addFile, type PublishedFile, type PypiContext } from './pypi-store.ts';
import type { Handler } from './sandbox-server.ts';

/** The interface for tests. */
export interface PypiIndex {
  /** Files by name, by the normalized name of their project. */
  readonly projects: ReadonlyMap<string, ReadonlyMap<string, PublishedFile>>;
  /** Adds a file to a project. */
  seed(project: string, filename: string, content: Buffer | string): void;
}

export interface PypiParts {
  readonly pypi: PypiIndex;
  readonly serve: Handler;
  reset(): void;
  close(): void;
}

export function createPypiIndex(given: PypiOptions, workspace: string, discardContent: boolean): PypiParts {
  const options = parsePypiOptions(given);
  const contents = new ContentStore(discardContent);
  const context: PypiContext = { options, workspace, projects: new Map(), contents };
  return {
    pypi: {
      projects: context.projects,
      seed: (project, filename, content) => {
        const stored = contents.keep(Buffer.from(content));
        addFile(context, project, { filename, content: stored, fields: undefined, staleReads: 0 });
      },
    },
    serve: (exchange) => servePypi(exchange, context),
    reset: () => context.projects.clear(),
    close: () => contents.close(),
  };
}
