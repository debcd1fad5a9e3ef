/** The files of a package as npm would unpack them: all paths, and the few contents that go into the manifest. */

import { posix } from 'node:path';

/** What an entry takes besides its path. */
const entryBytes = 150;

/** The files and directories of a package, by normalized path relative to its top directory. */
export class PackageTree {
  /** By path. The content is undefined if it is not kept, and for directories. */
  readonly #entries = new Map<string, { readonly isFile: boolean; readonly content: Buffer | undefined }>();
  #pathBytes = 0;

  /** About how much memory its paths take. */
  get pathBytes(): number {
    return this.#pathBytes;
  }

  /** Adds a file and its directories. A later file with the same path replaces an earlier one, as when unpacking. */
  addFile(path: string, content?: Buffer): void {
    this.addDirectory(posix.dirname(path));
    this.#pathBytes += path.length + entryBytes;
    this.#entries.set(path, { isFile: true, content });
  }

  /** Adds a directory and its parents. */
  addDirectory(path: string): void {
    for (let directory = path; directory !== '.' && directory !== '/'; directory = posix.dirname(directory)) {
      if (this.#entries.has(directory)) return;
      this.#pathBytes += directory.length + entryBytes;
      this.#entries.set(directory, { isFile: false, content: undefined });
    }
  }

  /** Whether there is a file or directory at `path`; false for any path outside the package. */
  has(path: string): boolean {
    const normal = posix.normalize(path).replace(/\/$/, '');
    return normal === '.' || this.#entries.has(normal);
  }

  isFile(path: string): boolean {
    return this.#entries.get(path)?.isFile === true;
  }

  /** The content of a file, decoded as UTF-8; undefined if it was not kept. */
  text(path: string): string | undefined {
    return this.#entries.get(path)?.content?.toString('utf8');
  }

  /** The names in the top directory, in npm's order: last name first. */
  topNames(): readonly string[] {
    return [...this.#entries.keys()].filter((path) => !path.includes('/')).sort(lastFirst);
  }

  /** The paths below a directory, relative to it, in npm's order. Excludes paths with a segment that begins with a dot. */
  below(directory: string): readonly string[] {
    const normal = posix.normalize(directory);
    const start = normal === '.' || normal === './' ? '' : `${normal.replace(/\/$/, '')}/`;
    return [...this.#entries.keys()]
      .filter((path) => path.startsWith(start))
      .map((path) => path.slice(start.length))
      .filter((path) => path !== '' && !path.split('/').some((segment) => segment.startsWith('.')))
      .sort(lastFirst);
  }
}

/** The order in which npm's glob lists files: by depth, and at each depth from the last name to the first. */
function lastFirst(a: string, b: string): number {
  const [ours, others] = [a.split('/'), b.split('/')];
  if (ours.length !== others.length) return ours.length - others.length;
  const index = ours.findIndex((segment, position) => segment !== others[position]);
  return Buffer.compare(Buffer.from(others[index] ?? ''), Buffer.from(ours[index] ?? ''));
}
