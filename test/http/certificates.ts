/** Certificates of a private authority, created at run time, so that no key is stored in the repository. */

import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { isIPv4 } from 'node:net';

/** Both as PEM. */
export interface Certificate {
  readonly key: string;
  readonly cert: string;
}

/** The first and the last second of a certificate, as in `20000101000000Z`. */
export type Validity = readonly [string, string];

const always: Validity = ['20000101000000Z', '21000101000000Z'];
export const past: Validity = ['20000101000000Z', '20010101000000Z'];
export const future: Validity = ['20990101000000Z', '21000101000000Z'];

/** A self-signed certificate for these host names and IPv4 addresses. */
export function selfSigned(names: readonly string[] = ['127.0.0.1']): Certificate {
  return issue(undefined, 'test', alternativeNames(names));
}

/** A company's own authority, which clients must trust in order to trust its certificates. */
export function createAuthority(
  name = 'authority',
): Certificate & { issue(names: readonly string[], validity?: Validity): Certificate } {
  const isAuthority = extension('551d13', sequence(Buffer.from('0101ff', 'hex')));
  const authority = issue(undefined, name, isAuthority);
  return {
    ...authority,
    issue: (names, validity) => issue({ ...authority, name }, 'server', alternativeNames(names), validity),
  };
}

/** @see RFC 5280, 4.1; the encoding is that of X.690, the signature ECDSA with SHA-256 on P-256 (RFC 5758) */
function issue(
  issuer: (Certificate & { readonly name: string }) | undefined,
  subject: string,
  extensions: Buffer,
  [from, to] = always,
): Certificate {
  const own = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const algorithm = sequence(objectId('2a8648ce3d040302'));
  const body = sequence(
    tagged(0xa0, tagged(0x02, Buffer.from([2]))),
    tagged(0x02, Buffer.concat([Buffer.from([1]), randomBytes(15)])),
    algorithm,
    commonName(issuer?.name ?? subject),
    sequence(time(from), time(to)),
    commonName(subject),
    own.publicKey.export({ type: 'spki', format: 'der' }),
    tagged(0xa3, sequence(extensions)),
  );
  const signature = tagged(0x03, Buffer.from([0]), sign('sha256', body, issuer?.key ?? own.privateKey));
  const base64 = sequence(body, algorithm, signature).toString('base64');
  return {
    key: own.privateKey.export({ type: 'pkcs8', format: 'pem' }),
    cert: `-----BEGIN CERTIFICATE-----\n${base64.replaceAll(/.{64}(?=.)/g, '$&\n')}\n-----END CERTIFICATE-----\n`,
  };
}

function commonName(name: string): Buffer {
  return sequence(tagged(0x31, sequence(objectId('550403'), tagged(0x0c, Buffer.from(name)))));
}

function alternativeNames(names: readonly string[]): Buffer {
  const encoded = names.map((name) =>
    isIPv4(name) ? tagged(0x87, Buffer.from(name.split('.').map(Number))) : tagged(0x82, Buffer.from(name)),
  );
  return extension('551d11', sequence(...encoded));
}

function extension(id: string, value: Buffer): Buffer {
  return sequence(objectId(id), tagged(0x04, value));
}

function tagged(tag: number, ...contents: readonly Buffer[]): Buffer {
  const content = Buffer.concat(contents);
  const { length } = content;
  const encodedLength =
    length < 0x80 ? [length] : length < 0x1_00 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...encodedLength]), content]);
}

function sequence(...contents: readonly Buffer[]): Buffer {
  return tagged(0x30, ...contents);
}

function objectId(hex: string): Buffer {
  return tagged(0x06, Buffer.from(hex, 'hex'));
}

function time(text: string): Buffer {
  return tagged(0x18, Buffer.from(text));
}
