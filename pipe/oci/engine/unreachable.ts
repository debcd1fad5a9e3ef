/** Says why a Docker Engine cannot be reached, and what helps. */

import { InputError } from '../../errors.ts';

const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ENOENT: 'there is no such socket',
  ENOTSOCK: 'that is not a socket',
  ENOTFOUND: 'its host name was not found',
  EAI_AGAIN: 'its host name could not be looked up',
  EHOSTUNREACH: 'there is no way to its host',
  ENETUNREACH: 'there is no way to its network',
  ETIMEDOUT: 'the connection timed out',
  UND_ERR_CONNECT_TIMEOUT: 'the connection timed out',
};

/** @param address of the engine, printable. @param timeout as people read it */
export function unreachable(error: unknown, address: string, timeout: string): InputError {
  // Node tries a host's addresses in turn and reports all failures together; the first one speaks for them.
  const failure = error instanceof AggregateError && error.errors[0] instanceof Error ? error.errors[0] : error;
  const { code = '', message } = failure as NodeJS.ErrnoException;
  const engine = `The Docker Engine at ${address}`;
  if (code === 'EACCES' || code === 'EPERM')
    return new InputError(
      `${engine} may not be used by this user: permission denied (${code}). Run as root, or as a member of the group that the socket belongs to`,
      { cause: error },
    );
  if (code === 'UND_ERR_HEADERS_TIMEOUT')
    return new InputError(`${engine} has not answered for ${timeout}`, { cause: error });
  if (/CERT|TLS|SSL|SIGNED|ISSUER/.test(code))
    return new InputError(`${engine} cannot be trusted: ${message} (${code})`, { cause: error });
  const reason = reasons[code] === undefined ? message : `${reasons[code]} (${code})`;
  return new InputError(
    `${engine} cannot be reached: ${reason}. In Pipelines, the step needs the docker service: add "services: [docker]" to it. Elsewhere, start Docker, and give the container its socket. An image that was saved to a file needs no engine`,
    { cause: error },
  );
}
