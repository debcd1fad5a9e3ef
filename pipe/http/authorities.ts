/** Trusts the certificate authorities that the environment names, as OpenSSL, Python and Node do. */

import type tls from 'node:tls';
import { InputError } from '../errors.ts';
import { type Environment, readText } from '../toolkit/environment.ts';
import type { Problems } from '../toolkit/problems.ts';
import { OpenFilesError, openPatiently } from '../toolkit/open-files.ts';
import { printable } from '../toolkit/stdout.ts';

/** Node reads the first by itself, but only warns if it cannot. */
const names = ['NODE_EXTRA_CA_CERTS', 'REQUESTS_CA_BUNDLE', 'SSL_CERT_FILE'] as const;

const certificate = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** The certificates, in PEM, of all files that the environment names; adds a problem for each file that has none. */
export async function readAuthorities(env: Environment, problems: Problems): Promise<readonly string[]> {
  const authorities = new Set<string>();
  // Often the variables name one file, and checking its 150 certificates takes 10 ms.
  const checked = new Set<string>();
  for (const name of names) {
    const path = readText(env, name);
    if (path === undefined || checked.has(path)) continue;
    try {
      // Loaded if needed: most runs name no authorities, and a validation error should come at once.
      const { X509Certificate } = await import('node:crypto');
      const { readFile } = await import('node:fs/promises');
      const found =
        (await openPatiently(printable(path), async () => await readFile(path, 'utf8'))).match(certificate) ?? [];
      // Throws if one of them is damaged.
      const certificates = found.map((pem) => new X509Certificate(pem));
      if (certificates.length === 0) problems.add(name, `${printable(path)} has no certificate in the PEM format`);
      else checked.add(path);
      for (const pem of found) authorities.add(pem);
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (error instanceof OpenFilesError) problems.add(name, message);
      else
        problems.add(
          name,
          code?.startsWith('E') === true && !code.startsWith('ERR_')
            ? `${printable(path)} cannot be read (${code}): name a PEM file inside the clone`
            : `${printable(path)} has a certificate that is not valid: ${message}`,
        );
    }
  }
  return [...authorities];
}

/**
 * Trusts these certificates, in PEM, for all connections of this process that begin later.
 *
 * @throws InputError if this Node.js cannot do so
 */
export async function trustAuthorities(authorities: readonly string[]): Promise<void> {
  if (authorities.length === 0) return;
  const { getCACertificates, setDefaultCACertificates } = (await import('node:tls')) as Tls;
  const trusted = getCACertificates('default');
  const known = new Set(trusted.map(withoutSpace));
  // Node trusts those of NODE_EXTRA_CA_CERTS already, and setting its list takes 30 ms.
  const missing = authorities.filter((certificate) => !known.has(withoutSpace(certificate)));
  if (missing.length === 0) return;
  if (setDefaultCACertificates === undefined)
    throw new InputError(
      'this Node.js reads the certificates of authorities from NODE_EXTRA_CA_CERTS only: set that, or use Node.js 24.5 or newer',
    );
  setDefaultCACertificates([...trusted, ...missing]);
}

/** Node.js 24 has the second since 24.5. */
type Tls = Pick<typeof tls, 'getCACertificates'> & Partial<Pick<typeof tls, 'setDefaultCACertificates'>>;

function withoutSpace(pem: string): string {
  return pem.replaceAll(/\s/g, '');
}
