/** Image references: `name`, `name:tag`, `host/workspace/name:tag`, split into registry, repository and tag. */

/** The name of an image in a registry. */
export interface Reference {
  /** Host and port, in lower case: `crg.apkg.io`, `localhost:5000`. */
  readonly host: string;
  /** Path within the registry: `acme/app`. */
  readonly repository: string;
  readonly tag: string;
}

/** What a reference may leave out. */
export interface ReferenceDefaults {
  readonly host: string;
  /** Precedes a name without a path. */
  readonly workspace: string | undefined;
}

/*
 * reference  = [ domain "/" ] path [ ":" tag ]
 * path       = component *( "/" component )
 * component  = alnum *( separator alnum )       ; lower case
 * separator  = "." / 1*2"_" / 1*"-"
 * tag        = word *127( word / "." / "-" )
 * The first component is a domain if it contains "." or ":", or is "localhost".
 * https://github.com/distribution/reference, and distribution-spec 1.1, "Pulling manifests"
 */
const component = /^[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*$/;
const tagPattern = /^\w[\w.-]{0,127}$/;
const maxRepositoryLength = 255;

export const defaultTag = 'latest';

/** Whether it is a valid tag. */
export function isTag(text: string): boolean {
  return tagPattern.test(text);
}

/** The reference, or a message that says what is wrong with it. */
export function parseReference(text: string, defaults: ReferenceDefaults): Reference | string {
  if (/@.*\//s.test(text)) return 'must not contain credentials: set USERNAME and TOKEN instead';
  if (text.includes('@')) return 'names a digest: give the tag to publish the image under';
  if (text.includes('://'))
    return `must not begin with a scheme: write ${text.replace(/^.*?:\/\/+/s, '') || 'host/workspace/name:tag'}`;
  const [, name = '', tag = defaultTag] = /^(.*?)(?::([^/:]*))?$/s.exec(text) ?? [];
  if (!isTag(tag))
    return `${JSON.stringify(tag)} is not a valid tag: use 1 to 128 letters, digits, "_", "." and "-", not starting with "." or "-"`;
  const parts = name.split('/');
  const [first = ''] = parts;
  const hasHost = parts.length > 1 && (/[.:]/.test(first) || first === 'localhost');
  const path = hasHost ? parts.slice(1) : parts;
  const host = hasHost ? first.toLowerCase() : defaults.host;
  const isBare = !hasHost && path.length === 1;
  const repository = [
    ...(isBare && defaults.workspace !== undefined ? [defaults.workspace.toLowerCase()] : []),
    ...path,
  ].join('/');
  const wrong = path.find((part) => !component.test(part));
  if (wrong !== undefined)
    return `${JSON.stringify(wrong)} is not a valid part of an image name: use lower-case letters and digits, with single ".", "_", "__" or "-" between them`;
  if (repository.length > maxRepositoryLength)
    return `the image name is ${repository.length} characters long; the maximum is ${maxRepositoryLength}`;
  return { host, repository, tag };
}

/** `crg.apkg.io/acme/app:v1` */
export function formatReference({ host, repository, tag }: Reference): string {
  return `${host}/${repository}:${tag}`;
}

/** Hosts in the names of Docker Hub's images; its API is at another one. */
const dockerHub = { names: ['docker.io', 'index.docker.io'], api: 'https://registry-1.docker.io' } as const;

/** The base URL of a registry's API: the registry's own URL, except for Docker Hub. */
export function registryApi(registry: URL): URL {
  return dockerHub.names.some((name) => name === registry.hostname) ? new URL(dockerHub.api) : registry;
}
