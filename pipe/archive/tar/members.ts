/** Finds an archive's members by name, and follows links. */

import { InputError } from '../../errors.ts';
import { printable } from '../../toolkit/stdout.ts';
import { pathProblem, relativePath } from './paths.ts';
import type { TarMember } from './walk.ts';

/** Far more than the paths of any image need. */
const maxNameBytes = 16 * 1024 * 1024;
/** Linux's limit. */
const maxLinks = 40;

/**
 * The members of an archive by path.
 *
 * If several members have the same path, the last one counts, as when tar extracts the archive; but not all readers agree.
 * Members that are checked against a digest are safe either way. Readers of other documents must compare them with those
 * that `earlier` returns.
 */
export class Members {
  readonly #archive: string;
  readonly #byPath = new Map<string, TarMember>();
  readonly #earlier = new Map<string, TarMember[]>();
  #nameBytes = 0;

  constructor(archive: string) {
    this.#archive = archive;
  }

  /** Leaves out members whose path leads out of the archive, because nothing can refer to them. @throws InputError */
  add(member: TarMember): void {
    this.#nameBytes += member.name.length + member.linkName.length;
    if (this.#nameBytes > maxNameBytes)
      throw new InputError(`${this.#archive} has more than ${maxNameBytes} bytes of names, far more than any image`);
    const path = relativePath(member.name);
    if (path === undefined) return;
    const former = this.#byPath.get(path);
    // Directories are often listed repeatedly, and have no content.
    if (former !== undefined && !(former.kind === 'directory' && member.kind === 'directory'))
      this.#addEarlier(path, former);
    this.#byPath.set(path, member);
  }

  #addEarlier(path: string, member: TarMember): void {
    const earlier = this.#earlier.get(path);
    if (earlier === undefined) this.#earlier.set(path, [member]);
    else earlier.push(member);
  }

  /**
   * The file at this path, or the target if it is a link; undefined if there is neither.
   *
   * @throws InputError if the path or a link leads out of the archive, nowhere, in a circle, or to something other than a file
   */
  find(name: string): TarMember | undefined {
    const problem = pathProblem(name);
    if (problem !== undefined) throw new InputError(`${this.#archive} refers to ${printable(name)}, ${problem}`);
    let path = relativePath(name);
    let member = path === undefined ? undefined : this.#byPath.get(path);
    for (let links = 0; member !== undefined && path !== undefined; links++) {
      if (member.kind === 'file') return member;
      const shown = `${this.#archive}: ${printable(path)} is a ${member.kind}`;
      if (member.kind !== 'symbolic link' && member.kind !== 'hard link') throw new InputError(`${shown}, not a file`);
      const target = `${shown} to ${printable(member.linkName)}`;
      // A hard link's target is relative to the archive's root, a symbolic link's to the link itself.
      path = relativePath(member.linkName, member.kind === 'symbolic link' ? path : undefined);
      if (path === undefined) throw new InputError(`${target}, which is outside the archive`);
      if (links === maxLinks) throw new InputError(`${target}, which leads back to itself or through too many links`);
      member = this.#byPath.get(path);
      if (member === undefined) throw new InputError(`${target}, which is not in the archive`);
    }
    return undefined;
  }

  /** The other files at this path, in the archive's order. */
  earlier(name: string): readonly TarMember[] {
    return (this.#earlier.get(relativePath(name) ?? '') ?? []).filter(({ kind }) => kind === 'file');
  }

  paths(): Iterable<string> {
    return this.#byPath.keys();
  }
}
