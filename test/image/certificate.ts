/** A self-signed certificate for `localhost`, made anew, so that no private key is kept anywhere. */

import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';

export interface Certificate {
  /** Both as PEM. */
  readonly key: string;
  readonly cert: string;
}

/** RFC 5280, section 4.1, with a key on the curve P-256 and a signature by ECDSA with SHA-256 (RFC 5758). */
export function createCertificate(): Certificate {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const algorithm = sequence(Buffer.from('06082a8648ce3d040302', 'hex'));
  const commonName = sequence(Buffer.from('0603550403', 'hex'), der(0x0c, Buffer.from('localhost')));
  const name = sequence(der(0x31, commonName));
  const hour = 3_600_000;
  const time = (ms: number): Buffer =>
    der(0x18, Buffer.from(new Date(ms).toISOString().replaceAll(/\.\d+|\D(?!$)/g, '')));
  const alternativeNames = sequence(der(0x82, Buffer.from('localhost')));
  const extension = sequence(Buffer.from('0603551d11', 'hex'), der(0x04, alternativeNames));
  const body = sequence(
    Buffer.from('a003020102', 'hex'),
    der(0x02, Buffer.concat([Buffer.from([1]), randomBytes(15)])),
    algorithm,
    name,
    sequence(time(Date.now() - hour), time(Date.now() + 24 * hour)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(extension)),
  );
  const signature = der(0x03, Buffer.concat([Buffer.from([0]), sign('sha256', body, privateKey)]));
  const base64 = sequence(body, algorithm, signature).toString('base64').replaceAll(/.{64}/g, '$&\n');
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
    cert: `-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----\n`,
  };
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return der(0x30, Buffer.concat(parts));
}

/** X.690, section 8.1: tag, length, value. */
function der(tag: number, value: Buffer): Buffer {
  const length = value.length;
  const head =
    length < 0x80 ? [tag, length] : length < 0x100 ? [tag, 0x81, length] : [tag, 0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from(head), value]);
}
