/** The files of a package as npm would unpack them: all their paths, and the few contents that end up in its manifest. */

import { posix } from 'node:path';

export class PackageTree {
  /** By path within the package: `undefined` for what is not kept, and for directories. */
  readonly #entries = new Map<string, { readonly isFile: boolean; readonly content: Buffer | undefined }>();

  /** A later file of the same path replaces the former, as unpacking does. */
  addFile(path: string, content?: Buffer): void {
    this.addDirectory(posix.dirname(path));
    this.#entries.set(path, { isFile: true, content });
  }

  /** With all those that it is in. */
  addDirectory(path: string): void {
    for (let directory = path; directory !== '.' && directory !== '/'; directory = posix.dirname(directory)) {
      if (this.#entries.has(directory)) return;
      this.#entries.set(directory, { isFile: false, content: undefined });
    }
  }

  /** Whether there is a file or a directory; never so outside of the package. */
  has(path: string): boolean {
    const normal = posix.normalize(path).replace(/\/$/, '');
    return normal === '.' || this.#entries.has(normal);
  }

  isFile(path: string): boolean {
    return this.#entries.get(path)?.isFile === true;
  }

  /** The text of a file whose content was kept. */
  text(path: string): string | undefined {
    return this.#entries.get(path)?.content?.toString('utf8');
  }

  /** The names in the top directory, in npm's order: what comes last in a listing comes first. */
  topNames(): readonly string[] {
    return [...this.#entries.keys()].filter((path) => !path.includes('/')).sort(lastFirst);
  }

  /** The paths below a directory, relative to it, without those in which a name begins with a dot; in npm's order. */
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

/** The order in which glob, which npm reads packages by, lists files: by level, and on each from the last name to the first. */
function lastFirst(a: string, b: string): number {
  const [ours, others] = [a.split('/'), b.split('/')];
  if (ours.length !== others.length) return ours.length - others.length;
  const index = ours.findIndex((segment, position) => segment !== others[position]);
  return Buffer.compare(Buffer.from(others[index] ?? ''), Buffer.from(ours[index] ?? ''));
}
