/** Image references: `name`, `name:tag`, `host/workspace/name:tag`, split into registry, repository and tag. */

import { isLoopback } from '../../http/loopback.ts';

export interface Reference {
  /** Host and port, as written: `crg.apkg.io`, `localhost:5000`. */
  readonly host: string;
  /** Path within the registry: `acme/app`. */
  readonly repository: string;
  readonly tag: string;
}

export interface ReferenceDefaults {
  readonly host: string;
  /** Put before a name that has no path of its own. */
  readonly workspace: string | undefined;
}

/*
 * reference  = [ domain "/" ] path [ ":" tag ]
 * path       = component *( "/" component )
 * component  = alnum *( separator alnum )       ; lower case
 * separator  = "." / 1*2"_" / 1*"-"
 * tag        = word *127( word / "." / "-" )
 * The first component is a domain where it holds "." or ":", or is "localhost".
 * https://github.com/distribution/reference, and distribution-spec 1.1, "Pulling manifests"
 */
const component = /^[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*$/;
const tagPattern = /^\w[\w.-]{0,127}$/;
const maxRepositoryLength = 255;

export const defaultTag = 'latest';

export function isTag(text: string): boolean {
  return tagPattern.test(text);
}

/** The reference, or what is wrong with it. */
export function parseReference(text: string, defaults: ReferenceDefaults): Reference | string {
  if (text.includes('@'))
    return `${JSON.stringify(text)} names a digest: give a tag, under which the image is to be published`;
  const [, name = '', tag = defaultTag] = /^(.*?)(?::([^/:]*))?$/s.exec(text) ?? [];
  if (!isTag(tag))
    return `${JSON.stringify(tag)} is no tag: 1 to 128 letters, digits, "_", "." and "-", of which the last two not first`;
  const parts = name.split('/');
  const [first = ''] = parts;
  const hasHost = parts.length > 1 && (/[.:]/.test(first) || first === 'localhost');
  const path = hasHost ? parts.slice(1) : parts;
  const host = hasHost ? first : defaults.host;
  const isBare = !hasHost && path.length === 1;
  const repository = [
    ...(isBare && defaults.workspace !== undefined ? [defaults.workspace.toLowerCase()] : []),
    ...path,
  ].join('/');
  const wrong = path.find((part) => !component.test(part));
  if (wrong !== undefined)
    return `${JSON.stringify(wrong)} is no part of an image name: lower-case letters and digits, with single ".", "_", "__" or "-" between them`;
  if (repository.length > maxRepositoryLength)
    return `the image name is ${repository.length} characters long, and ${maxRepositoryLength} is the most`;
  return { host, repository, tag };
}

export function formatReference({ host, repository, tag }: Reference): string {
  return `${host}/${repository}:${tag}`;
}

/** Names that images of Docker Hub go by; its API is at none of them. */
const dockerHub = { names: ['docker.io', 'index.docker.io'], api: 'https://registry-1.docker.io' } as const;

/**
 * The registry's base URL: of the scheme that was written, else https, or plain http on this machine and if that is allowed.
 *
 * @param scheme `https` or `http`, as the user wrote it before the host; undefined if it was not written
 */
export function registryUrl(host: string, allowsPlainHttp: boolean, scheme?: string): URL {
  if (dockerHub.names.some((name) => name === host.toLowerCase())) return new URL(dockerHub.api);
  const plain = new URL(`http://${host}`);
  const isPlain = scheme === undefined ? allowsPlainHttp || isLoopback(plain) : scheme === 'http';
  return isPlain ? plain : new URL(`https://${host}`);
}
