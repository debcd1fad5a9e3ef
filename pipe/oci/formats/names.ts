/** Compares image names, as archives and engines write them. */

const defaultRegistry = 'docker.io';

/** The full name, by Docker's rules: `app` becomes `docker.io/library/app:latest`. */
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
 * @param names full (`io.containerd.image.name`), short (`RepoTags`), or only tags (`org.opencontainers.image.ref.name`),
 *   which count if there are no other names
 */
export function isNamed(names: readonly string[], wanted: string): boolean {
  const inFull = fullName(wanted);
  if (names.some((name) => name === wanted || fullName(name) === inFull)) return true;
  // Podman and Buildah put images that have no registry under localhost.
  if (names.some((name) => fullName(name.replace(/^localhost\//, '')) === inFull)) return true;
  return names.every((name) => !/[:/]/.test(name)) && names.some((tag) => inFull.endsWith(`:${tag}`));
}

/** Whether the last part of one of an image's names, with its tag, is that of the wanted one: `localhost/b:1`, `reg.io/a/b:1`. */
export function hasLastPartOf(names: readonly string[], wanted: string): boolean {
  return names.some((name) => lastPart(name) === lastPart(wanted));
}

function lastPart(name: string): string | undefined {
  return fullName(name).split('/').at(-1);
}
