/** Trusts the certificate authorities that the environment names, as OpenSSL, Python and Node do. */

import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { type Environment, readText } from '../toolkit/environment.ts';
import type { Problems } from '../toolkit/problems.ts';
import { printable } from '../toolkit/stdout.ts';

/** Node reads the first by itself, but only warns if it cannot. */
const names = ['NODE_EXTRA_CA_CERTS', 'REQUESTS_CA_BUNDLE', 'SSL_CERT_FILE'] as const;

const certificate = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** The certificates, in PEM, of all files that the environment names; adds a problem for each file that has none. */
export function readAuthorities(env: Environment, problems: Problems): readonly string[] {
  return names.flatMap((name) => {
    const path = readText(env, name);
    if (path === undefined) return [];
    try {
      const found = readFileSync(path, 'utf8').match(certificate) ?? [];
      // Throws if one of them is damaged.
      const certificates = found.map((pem) => new X509Certificate(pem));
      if (certificates.length === 0) problems.add(name, `${printable(path)} has no certificate in the PEM format`);
      return found;
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      problems.add(
        name,
        code?.startsWith('E') === true && !code.startsWith('ERR_')
          ? `${printable(path)} cannot be read (${code}): name a PEM file inside the clone`
          : `${printable(path)} has a certificate that is not valid: ${message}`,
      );
      return [];
    }
  });
}

/** Trusts these certificates, in PEM, for all connections of this process that begin later. */
export function trustAuthorities(authorities: readonly string[]): void {
  if (authorities.length > 0) setDefaultCACertificates([...getCACertificates('default'), ...authorities]);
}
