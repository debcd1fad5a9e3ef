/** The error for a Docker Engine that cannot be reached. */

import { InputError } from '../../errors.ts';
import { describeFailure } from '../../http/to-pipe-error.ts';

const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing is listening there',
  ENOENT: 'there is no such socket',
  ENOTSOCK: 'that is not a socket',
  ENOTFOUND: 'its host name was not found',
  EAI_AGAIN: 'its host name could not be looked up',
  EHOSTUNREACH: 'there is no route to its host',
  ENETUNREACH: 'there is no route to its network',
  ETIMEDOUT: 'the connection timed out',
  UND_ERR_CONNECT_TIMEOUT: 'the connection timed out',
};

const advice =
  'In Pipelines, the step needs the docker service: add "services: [docker]" to it. Elsewhere, start Docker, and mount its socket into the container or set DOCKER_HOST. An image saved to a file needs no engine: name the file in FILENAME.';

/**
 * Gives the reason, and what to do.
 *
 * @param address of the engine, printable
 * @param timeout formatted: `30 s`
 */
export function unreachable(error: unknown, address: string, timeout: string): InputError {
  // Node tries a host's addresses in turn and reports all failures together; the first one is reported.
  const failure = error instanceof AggregateError && error.errors[0] instanceof Error ? error.errors[0] : error;
  const { code, words } = describeFailure(failure as NodeJS.ErrnoException);
  const engine = `The Docker Engine at ${address}`;
  if (code === 'EACCES' || code === 'EPERM')
    return new InputError(`${engine} refuses this user: permission denied (${code})`, {
      cause: error,
      advice: "Run as root, or as a member of the socket's group.",
    });
  if (code === 'UND_ERR_HEADERS_TIMEOUT')
    return new InputError(`${engine} did not answer within ${timeout}`, { cause: error, advice });
  if (/CERT|TLS|SSL|SIGNED|ISSUER/.test(code))
    return new InputError(`${engine} cannot be trusted: ${words}`, {
      cause: error,
      advice: 'Check DOCKER_HOST, and the certificates in DOCKER_CERT_PATH.',
    });
  const reason = reasons[code] === undefined ? words : `${reasons[code]} (${code})`;
  return new InputError(`${engine} cannot be reached: ${reason}`, { cause: error, advice });
}
