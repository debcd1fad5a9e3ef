/** What can go wrong with a connection: how each failure is called, whether it passes, and what to do about it. */

import type { NetworkError } from '../errors.ts';
import { openFilesAdvice } from '../toolkit/open-files.ts';
import { formatBytes } from '../toolkit/units.ts';

export type Peer = NetworkError['peer'];

/** What the advice depends on. */
interface Facts {
  readonly peer: Peer;
  /** The variable that names the server or the proxy. */
  readonly variable: string;
  readonly request: NetworkError['request'];
}

interface Cause {
  /** The codes of the system, Node.js, undici and proxies, and our own. */
  readonly codes: readonly string[];
  /** What follows "POST https://…: "; undefined for proxies, whose errors have words of their own. */
  readonly words?: string;
  /** A retry may get past it. */
  readonly isTransient?: true;
  readonly advice: (facts: Facts) => string;
}

const again = 'Run the step again; raise --retries to keep trying longer.';

/** Unknown hosts, bad certificates and wrong protocols do not pass. */
const causes: readonly Cause[] = [
  {
    codes: ['ECONNREFUSED'],
    words: 'connection refused',
    isTransient: true,
    advice: ({ variable }) =>
      `Nothing accepts connections at that host and port: check ${variable}, and that no firewall is in the way. If it is starting or overloaded, run the step again; raise --retries to keep trying longer.`,
  },
  {
    codes: ['EHOSTUNREACH', 'ENETUNREACH', 'ENETDOWN'],
    words: 'there is no route to the host',
    isTransient: true,
    advice: ({ variable }) =>
      `This machine cannot reach that network: check ${variable}, and whether the runner needs a proxy (HTTPS_PROXY, NO_PROXY) or a VPN.`,
  },
  {
    codes: ['ENOTFOUND'],
    words: 'host name not found',
    advice: hostAdvice,
  },
  {
    codes: ['EAI_AGAIN'],
    words: 'host name could not be looked up',
    isTransient: true,
    advice: hostAdvice,
  },
  {
    codes: ['ETIMEDOUT', 'UND_ERR_CONNECT_TIMEOUT'],
    words: 'connection timed out',
    isTransient: true,
    advice: ({ variable }) =>
      `The host does not answer, or a firewall drops what is sent to it: check ${variable}, and whether the runner needs a proxy (HTTPS_PROXY, NO_PROXY). ${again}`,
  },
  {
    codes: ['ECONNRESET'],
    words: 'connection reset by the server',
    isTransient: true,
    advice: closedAdvice,
  },
  {
    codes: ['EPIPE', 'UND_ERR_SOCKET', 'ECONNABORTED'],
    words: 'connection closed by the server',
    isTransient: true,
    advice: closedAdvice,
  },
  {
    codes: ['EACCES', 'EPERM'],
    words: 'this machine forbids the connection',
    advice: ({ variable }) => `Let the runner's firewall or sandbox allow the connection, or change ${variable}.`,
  },
  {
    codes: ['EMFILE', 'ENFILE'],
    words: 'too many files and connections are open',
    isTransient: true,
    advice: () => `Open fewer at a time, or allow more: ${openFilesAdvice}.`,
  },
  {
    codes: ['EADDRNOTAVAIL'],
    words: 'this machine has no free port, or no address, for the connection',
    isTransient: true,
    advice: () => `Lower --concurrency, and let other programs of the runner end first. ${again}`,
  },
  {
    codes: ['CERT_HAS_EXPIRED'],
    words: 'its certificate has expired',
    advice: ({ variable }) =>
      `Renew the certificate of the host that ${variable} names. If it is still valid, the runner's clock is wrong.`,
  },
  {
    codes: ['CERT_NOT_YET_VALID'],
    words: 'its certificate is not valid yet',
    advice: ({ variable }) =>
      `Correct the runner's clock. If it is right, replace the certificate of the host that ${variable} names.`,
  },
  {
    codes: ['ERR_TLS_CERT_ALTNAME_INVALID', 'HOSTNAME_MISMATCH'],
    words: 'its certificate is for another host',
    advice: ({ variable }) =>
      `Use a host name in ${variable} that the certificate has, or give the server a certificate for this one.`,
  },
  {
    codes: ['DEPTH_ZERO_SELF_SIGNED_CERT', 'SELF_SIGNED_CERT_IN_CHAIN'],
    words: 'its certificate is signed by itself or by an unknown authority',
    advice: untrustedAdvice,
  },
  {
    codes: [
      'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
      'UNABLE_TO_GET_ISSUER_CERT',
      'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
      'CERT_UNTRUSTED',
      'INVALID_CA',
    ],
    words: 'its certificate is signed by an unknown authority, or an intermediate certificate is missing',
    advice: untrustedAdvice,
  },
  {
    codes: ['ERR_SSL_WRONG_VERSION_NUMBER', 'ERR_SSL_PACKET_LENGTH_TOO_LONG', 'ERR_SSL_HTTP_REQUEST'],
    words: 'this port does not speak TLS',
    advice: ({ variable, peer }) =>
      peer === 'proxy'
        ? `Check the port in ${variable}. If the proxy speaks plain http, as most do, write http:// there.`
        : `Check the port in ${variable}. If the server speaks plain http, write http:// there (packages also need --plain-http, unless the server is on this machine).`,
  },
  {
    codes: ['TLS_ANSWER'],
    words: 'this port speaks TLS, not plain http',
    advice: ({ variable }) => `Write https:// in ${variable}.`,
  },
  {
    codes: ['HTTP2_ANSWER', 'ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL'],
    words: 'the server speaks HTTP/2 only',
    advice: ({ variable }) =>
      `Let the server that ${variable} names, or a gateway in front of it, accept HTTP/1.1 as well.`,
  },
  {
    codes: ['NOT_HTTP'],
    words: 'the answer is not valid HTTP',
    advice: ({ variable, peer }) =>
      `Something other than ${peer === 'proxy' ? 'an HTTP proxy' : 'a web server'} answers there: check the host and the port in ${variable}.`,
  },
  {
    codes: ['UND_ERR_HEADERS_OVERFLOW', 'HPE_HEADER_OVERFLOW'],
    words: "the answer's headers are too long",
    advice: ({ variable }) =>
      `Check that ${variable} is the right address, and that no gateway adds headers without end (the limit is 16 KiB).`,
  },
  {
    codes: ['ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION', 'ERR_SSL_UNSUPPORTED_PROTOCOL'],
    words: 'the server speaks only old versions of TLS',
    advice: () => 'Let the server speak TLS 1.2 or newer.',
  },
  {
    codes: ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', 'ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE'],
    words: 'the server refuses the TLS handshake',
    advice: ({ variable }) =>
      `The server may require a client certificate, which the pipe cannot give, or ciphers that are not secure any more: check ${variable}.`,
  },
  {
    codes: ['UND_ERR_RES_CONTENT_LENGTH_MISMATCH'],
    words: 'the answer is not as long as its headers say',
    isTransient: true,
    advice: patienceAdvice,
  },
  {
    codes: ['UND_ERR_REQ_CONTENT_LENGTH_MISMATCH'],
    words: 'the content to send is not as long as planned',
    isTransient: true,
    advice: patienceAdvice,
  },
  { codes: ['INCOMPLETE_REQUEST'], isTransient: true, advice: patienceAdvice },
  {
    codes: ['PROXY_407'],
    advice: ({ variable }) =>
      `The proxy wants a user name and a password, or others: write them into ${variable}, as in http://user:password@host:port, or add the server's host to NO_PROXY.`,
  },
  {
    codes: ['PROXY_403'],
    advice: ({ variable }) =>
      `The proxy in ${variable} does not allow this connection: have the server's host and port allowed, or add the host to NO_PROXY.`,
  },
  {
    codes: ['PROXY_502', 'PROXY_503', 'PROXY_504', 'PROXY_CLOSED', 'PROXY_TIMEOUT'],
    isTransient: true,
    advice: ({ variable }) =>
      `The proxy is overloaded, or cannot reach the host: check ${variable}, or add the host to NO_PROXY. ${again}`,
  },
];

/** For codes that are not in the table: OpenSSL has some forty for certificates, and hundreds for TLS. */
const otherCauses: readonly (Omit<Cause, 'codes'> & { readonly codes: RegExp })[] = [
  {
    codes: /^PROXY_/,
    advice: ({ variable }) =>
      `Check that ${variable} names a proxy, with the right scheme, host and port, or add the host to NO_PROXY.`,
  },
  { codes: /CERT|ISSUER|SIGNATURE/, words: 'its certificate is not valid', advice: untrustedAdvice },
  {
    codes: /^ERR_(?:SSL|TLS|OSSL)_|^EPROTO$/,
    words: 'the TLS handshake failed',
    advice: ({ variable }) =>
      `Check the port in ${variable}, and that the server speaks TLS 1.2 or newer and needs no client certificate.`,
  },
];

const byCode = new Map(causes.flatMap((cause) => cause.codes.map((code) => [code, cause] as const)));

function causeOf(code: string): Omit<Cause, 'codes'> | undefined {
  return byCode.get(code) ?? otherCauses.find(({ codes }) => codes.test(code));
}

/** What happened, with the code: `connection refused (ECONNREFUSED)`; undefined for an unknown code. */
export function describeCause(code: string): string | undefined {
  const words = causeOf(code)?.words;
  return words === undefined ? undefined : `${words} (${code})`;
}

/** Whether a retry may get past a failure with this code. */
export function passes(code: string): boolean {
  return causeOf(code)?.isTransient === true;
}

/** What to do about a failure of the network. @param serverVariable the variable that names the server */
export function causeAdvice(
  { code, peer, request }: Pick<NetworkError, 'code' | 'peer' | 'request'>,
  serverVariable: string,
): string {
  const isProxy = peer === 'proxy' || code.startsWith('PROXY_');
  const variable = isProxy ? 'HTTPS_PROXY (HTTP_PROXY, ALL_PROXY)' : serverVariable;
  return (causeOf(code)?.advice ?? patienceAdvice)({ peer, variable, request });
}

function patienceAdvice(): string {
  return `The network or the server kept failing. ${again}`;
}

/** The least limit that is common: the default of nginx. */
const usualLimitBytes = 1024 * 1024;

function closedAdvice({ peer, variable, request }: Facts): string {
  const who = peer === 'proxy' ? 'The proxy, or a firewall' : 'The server, or a proxy or firewall';
  const hints: string[] = [];
  const { bodyBytes = 0, hasAnswered = true } = request ?? {};
  if (bodyBytes > usualLimitBytes)
    hints.push(
      `If it always closes here, it may refuse content of this size (${formatBytes(bodyBytes)}): have its limit raised.`,
    );
  // Many servers with TLS close a connection that speaks plain http without a word.
  const scheme = peer === 'http server' ? ', and write https:// if the server speaks TLS there' : '';
  if (!hasAnswered) hints.push(`Nothing has answered there yet: check the port in ${variable}${scheme}.`);
  return [`${who} on the way to it, closes the connection before the answer is complete. ${again}`, ...hints].join(' ');
}

function hostAdvice({ peer, variable }: Facts): string {
  const others = peer === 'proxy' ? 'the network' : 'the network and proxy (HTTPS_PROXY, NO_PROXY)';
  return `Check the host name in ${variable}, and ${others} of the runner.`;
}

function untrustedAdvice({ variable }: Facts): string {
  return `This pipe does not trust the certificate of the host that ${variable} names. Behind a company proxy, or with a private authority, set NODE_EXTRA_CA_CERTS to a PEM file with the authority's certificate.`;
}
