/** Where a Docker Engine is, as DOCKER_HOST and its companions say. */

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { InputError } from '../../errors.ts';
import { printable } from '../../toolkit/stdout.ts';

/** What the environment says; undefined or empty for what is not set. */
export interface EngineSettings {
  /** DOCKER_HOST: `unix:///var/run/docker.sock` unless given, or `tcp://host:port`. */
  readonly host?: string | undefined;
  /** DOCKER_TLS_VERIFY: anything but the empty text for TLS. */
  readonly tlsVerify?: string | undefined;
  /** DOCKER_CERT_PATH: a directory with ca.pem, cert.pem and key.pem. */
  readonly certPath?: string | undefined;
}

export interface EngineAddress {
  /** For messages. */
  readonly shown: string;
  readonly origin: string;
  /** As undici's connector takes it. */
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

/** @throws InputError where it is no address, or of a kind that is not supported */
export async function readEngineAddress({ host, tlsVerify, certPath }: EngineSettings): Promise<EngineAddress> {
  const shown = host === undefined || host === '' ? defaultHost : host;
  if (shown.startsWith('unix://')) {
    const socketPath = shown.slice('unix://'.length);
    if (!socketPath.startsWith('/')) throw unsupported(shown);
    return { shown: printable(shown), origin: 'http://docker', connect: { socketPath } };
  }
  const url = URL.parse(shown.replace(/^tcp:/, 'http:'));
  const isTls = tlsVerify !== undefined && tlsVerify !== '';
  if (!/^(?:tcp|https?):\/\//.test(shown) || url === null || url.hostname === '') throw unsupported(shown);
  const isHttps = isTls || url.protocol === 'https:';
  const port = /:\d+\/?$/.test(shown) ? '' : `:${isHttps ? defaultTlsPort : defaultPort}`;
  return {
    shown: printable(shown),
    // Ports that are a scheme's own have gone from `url.host`, and stay out.
    origin: `${isHttps ? 'https' : 'http'}://${url.hostname}${url.port === '' ? port : `:${url.port}`}`,
    connect: isTls && certPath ? await readCertificates(certPath) : {},
  };
}

async function readCertificates(directory: string): Promise<{ ca: string; cert: string; key: string }> {
  try {
    const [ca, cert, key] = await Promise.all(
      ['ca.pem', 'cert.pem', 'key.pem'].map((name) => readFile(join(directory, name), 'utf8')),
    );
    return { ca: ca ?? '', cert: cert ?? '', key: key ?? '' };
  } catch (error) {
    throw new InputError(`The certificates for the Docker Engine cannot be read: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

function unsupported(host: string): InputError {
  return new InputError(
    `${printable(host)} is not the address of a Docker Engine that can be reached from here: unix:///path and tcp://host:port are supported`,
  );
}
