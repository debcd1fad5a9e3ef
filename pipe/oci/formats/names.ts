/** Names of images, as archives and engines write them. */

const defaultRegistry = 'docker.io';

/** In full: `app` becomes `docker.io/library/app:latest`, as Docker reads it. */
export function fullName(name: string): string {
  const [, path = '', tag = '', digest = ''] = /^([^@]*?)(:[^:/@]*)?(@.*)?$/.exec(name) ?? [];
  const [first = '', ...rest] = path.split('/');
  const hasRegistry = rest.length > 0 && (/[.:]/.test(first) || first === 'localhost');
  const registry = hasRegistry ? first.replace(/^(?:index|registry-1)\.docker\.io$/, defaultRegistry) : defaultRegistry;
  const repository = hasRegistry ? rest.join('/') : path;
  const inLibrary = registry === defaultRegistry && !repository.includes('/') ? 'library/' : '';
  return `${registry}/${inLibrary}${repository}${tag === '' && digest === '' ? ':latest' : tag}${digest}`;
}

/**
 * Whether one of an image's names is the wanted one.
 *
 * @param names as the source has them: in full (`io.containerd.image.name`), as people write them (`RepoTags`),
 *   or no more than a tag (`org.opencontainers.image.ref.name`), which counts where there is nothing else
 */
export function isNamed(names: readonly string[], wanted: string): boolean {
  const inFull = fullName(wanted);
  if (names.some((name) => name === wanted || fullName(name) === inFull)) return true;
  return names.every((name) => !/[:/]/.test(name)) && names.some((tag) => inFull.endsWith(`:${tag}`));
}
