/** The address of a Docker Engine, from DOCKER_HOST, DOCKER_TLS_VERIFY and DOCKER_CERT_PATH. */

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { InputError } from '../../errors.ts';
import { openPatiently } from '../../toolkit/open-files.ts';
import { printable } from '../../toolkit/stdout.ts';

/** The variables of Docker's own client; undefined or empty if not set. */
export interface EngineSettings {
  /** DOCKER_HOST: `unix:///var/run/docker.sock` (the default) or `tcp://host:port`. */
  readonly host?: string | undefined;
  /** DOCKER_TLS_VERIFY: TLS unless empty. */
  readonly tlsVerify?: string | undefined;
  /** DOCKER_CERT_PATH: directory of ca.pem, cert.pem and key.pem. */
  readonly certPath?: string | undefined;
}

/** How to connect to a Docker Engine. */
export interface EngineAddress {
  /** For messages. */
  readonly shown: string;
  readonly origin: string;
  /** Options of undici's connector. */
  readonly connect: {
    readonly socketPath?: string;
    readonly ca?: string;
    readonly cert?: string;
    readonly key?: string;
  };
}

const defaultHost = 'unix:///var/run/docker.sock';
const defaultPort = 2375;
const defaultTlsPort = 2376;

/**
 * Reads the address, and the certificates if it uses TLS.
 *
 * @throws InputError if the address is invalid or not supported, or the certificates cannot be read
 */
export async function readEngineAddress({ host, tlsVerify, certPath }: EngineSettings): Promise<EngineAddress> {
  const shown = host === undefined || host === '' ? defaultHost : host;
  if (shown.startsWith('unix://')) {
    const socketPath = shown.slice('unix://'.length);
    if (!socketPath.startsWith('/')) throw unsupported(shown);
    return { shown: printable(shown), origin: 'http://docker', connect: { socketPath } };
  }
  const url = URL.parse(shown.replace(/^tcp:/, 'http:'));
  const isTls = tlsVerify !== undefined && tlsVerify !== '';
  if (!/^(?:tcp|https?):\/\//.test(shown) || url === null) throw unsupported(shown);
  const isHttps = isTls || url.protocol === 'https:';
  const port = /:\d+\/?$/.test(shown) ? '' : `:${isHttps ? defaultTlsPort : defaultPort}`;
  return {
    shown: printable(shown),
    // URL drops the default port of its scheme.
    origin: `${isHttps ? 'https' : 'http'}://${url.hostname}${url.port === '' ? port : `:${url.port}`}`,
    connect: isTls && certPath ? await readCertificates(certPath) : {},
  };
}

async function readCertificates(directory: string): Promise<{ ca: string; cert: string; key: string }> {
  try {
    const read = async (name: string): Promise<string> =>
      await openPatiently(name, async () => await readFile(join(directory, name), 'utf8'));
    const [ca, cert, key] = await Promise.all([read('ca.pem'), read('cert.pem'), read('key.pem')]);
    return { ca, cert, key };
  } catch (error) {
    throw new InputError(`Cannot read the certificates for the Docker Engine: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

function unsupported(host: string): InputError {
  return new InputError(
    `${printable(host)} is not a supported Docker Engine address: use unix:///path or tcp://host:port`,
  );
}
