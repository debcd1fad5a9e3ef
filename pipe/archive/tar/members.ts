/** The members of an archive by name, with links followed. */

import { InputError } from '../../errors.ts';
import { printable } from '../../toolkit/stdout.ts';
import { pathProblem, relativePath } from './paths.ts';
import type { TarMember } from './walk.ts';

/** Far more than the paths of any image take. */
const maxNameBytes = 16 * 1024 * 1024;
/** What Linux follows too. */
const maxLinks = 40;

/**
 * Where a name occurs several times, the last one counts, as when tar unpacks the archive; but not every reader
 * has it so. What is named by a digest, or checked against one, is safe either way. Documents that are not
 * are compared by whoever reads them: `earlier` gives the others.
 */
export class Members {
  readonly #archive: string;
  readonly #byPath = new Map<string, TarMember>();
  readonly #earlier = new Map<string, TarMember[]>();
  #nameBytes = 0;

  constructor(archive: string) {
    this.#archive = archive;
  }

  /** A member whose path leads out of the archive can never be asked for, and is left out. @throws InputError */
  add(member: TarMember): void {
    this.#nameBytes += member.name.length + member.linkName.length;
    if (this.#nameBytes > maxNameBytes)
      throw new InputError(`${this.#archive} has more than ${maxNameBytes} bytes of names: that is no image`);
    const path = relativePath(member.name);
    if (path === undefined) return;
    const former = this.#byPath.get(path);
    // Directories occur again and again, and hold nothing.
    if (former !== undefined && !(former.kind === 'directory' && member.kind === 'directory'))
      this.#earlier.set(path, [...(this.#earlier.get(path) ?? []), former]);
    this.#byPath.set(path, member);
  }

  /**
   * The file of this path, or the one that the link of this path leads to.
   *
   * @throws InputError where the path or a link leads out of the archive, nowhere, in a circle, or to what is no file
   */
  find(name: string): TarMember | undefined {
    const problem = pathProblem(name);
    if (problem !== undefined) throw new InputError(`${this.#archive} refers to ${printable(name)}, ${problem}`);
    let path = relativePath(name);
    let member = path === undefined ? undefined : this.#byPath.get(path);
    for (let links = 0; member !== undefined && path !== undefined; links++) {
      if (member.kind === 'file') return member;
      const shown = `${this.#archive}: ${printable(path)} is a ${member.kind}`;
      if (member.kind !== 'symbolic link' && member.kind !== 'hard link')
        throw new InputError(`${shown}, where a file is expected`);
      const target = `${shown} to ${printable(member.linkName)}`;
      // A hard link names its target from the archive's root, a symbolic one from where it is itself.
      path = relativePath(member.linkName, member.kind === 'symbolic link' ? path : undefined);
      if (path === undefined) throw new InputError(`${target}, which is outside of the archive`);
      if (links === maxLinks) throw new InputError(`${target}, which leads back to itself or too far`);
      member = this.#byPath.get(path);
      if (member === undefined) throw new InputError(`${target}, which is not in the archive`);
    }
    return undefined;
  }

  /** The other files of this path. */
  earlier(name: string): readonly TarMember[] {
    return (this.#earlier.get(relativePath(name) ?? '') ?? []).filter(({ kind }) => kind === 'file');
  }

  paths(): Iterable<string> {
    return this.#byPath.keys();
  }
}
