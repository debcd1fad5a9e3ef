/** What is said if a server refuses: the failure, the server's reason, and what to do. */

import { answer, type Reaction, serve } from '../http/test-servers.ts';
import { npmTarball } from '../sandbox/demo-package.ts';
import { dockerArchive } from '../sandbox/demo-image.ts';
import { jar } from '../destinations/maven/artifacts.ts';
import { sha1Of } from '../destinations/octopus/fixture.ts';
import { wheel, wheelName } from '../destinations/pypi/packages.ts';
import { startSandbox } from '../sandbox/sandbox.ts';
import { tokens } from '../sandbox/tokens.ts';
import type { Variables } from '../run-bundle.ts';
import { type Case, useMessages } from './use-messages.ts';

const base = { WORKSPACE: 'acme', REPOSITORY: 'app', EXTRA_ARGS: "['--retries', '0', '--no-report']" };
const account = { TOKEN: 'secret-of-the-sandbox', USERNAME: 'dev' };

/** Publishes a file to a server that answers everything so. */
function file(react: Reaction, env: Variables = {}): Case[1] {
  return async (place) => {
    await place.write('app.zip');
    const { origin } = place.use(await serve(react));
    return { FILENAME: 'app.zip', TOKEN: account.TOKEN, API_URL: `${origin}/2.0`, ...env };
  };
}

function image(react: Reaction, env: Variables = {}): Case[1] {
  return async (place) => {
    await place.write('image.tar', dockerArchive('app:1.0', { data: Buffer.from('layer') }));
    const { origin } = place.use(await serve(react));
    return { IMAGE: 'acme/app:1.0', FILENAME: 'image.tar', REGISTRY: origin, ...account, ...env };
  };
}

function npm(react: Reaction, env: Variables = {}): Case[1] {
  return async (place) => {
    await place.write('app.tgz', npmTarball({ name: '@acme/app', version: '1.0.0' }, {}));
    const { origin } = place.use(await serve(react));
    return { TYPE: 'npm', FILENAME: 'app.tgz', REGISTRY: `${origin}/npm/`, ...account, ...env };
  };
}

function maven(react: Reaction): Case[1] {
  return async (place) => {
    await place.write('app-1.0.jar', jar({ groupId: 'com.acme', artifactId: 'app', version: '1.0' }, []));
    const { origin } = place.use(await serve(react));
    return { TYPE: 'maven', FILENAME: 'app-1.0.jar', REGISTRY: `${origin}/maven/`, ...account };
  };
}

/** Answers that there is no such package, and refuses it. */
function uploadRefused(status: number, error: string, headers: Readonly<Record<string, string>> = {}): Reaction {
  return (exchange) =>
    (exchange.request.method === 'GET' ? json(404, { error: 'Not found' }) : json(status, { error }, headers))(
      exchange,
    );
}

const stagingArguments = { EXTRA_ARGS: "['--retries', '0', '--no-report', '--stage']" };
function octopus(react: Reaction, env: Variables = {}): Case[1] {
  return async (place) => {
    await place.write('app.1.0.0.zip');
    const { origin } = place.use(await serve(react));
    return {
      TYPE: 'octopus',
      FILENAME: 'app.1.0.0.zip',
      REGISTRY: origin,
      API_URL: `${origin}/2.0`,
      TOKEN: 'API-SECRETOFTHESANDBOX',
      ...env,
    };
  };
}

/** The error document of Octopus. */
const refusal = (status: number, message: string): Reaction =>
  json(status, { ErrorMessage: message, Errors: [message], FullException: null });

/** An Octopus server that does not have the package, and refuses it. */
const refusing =
  (react: Reaction): Reaction =>
  async (exchange) => {
    await (exchange.request.method === 'GET' ? refusal(404, 'The package was not found.') : react)(exchange);
  };

/** An Octopus server that takes the package, and a Bitbucket that reacts to what it is asked. */
const publishing =
  (bitbucket: Reaction): Reaction =>
  async (exchange) => {
    const { method, url = '' } = exchange.request;
    const stored = { PackageId: 'app', PackageSizeBytes: 7, Hash: sha1Of('content') };
    if (url.startsWith('/2.0/')) await bitbucket(exchange);
    else await (method === 'GET' ? refusal(404, 'The package was not found.') : json(201, stored))(exchange);
  };

const missingScopes: Reaction = async (exchange) =>
  await json(403, {
    type: 'error',
    error: {
      message: 'Your credentials lack one or more required privilege scopes.',
      detail: { required: ['pipeline'], granted: ['repository'] },
    },
  })(exchange);

/** Seven commits since the pipeline before. */
const history: Reaction = async (exchange) => {
  const pipeline = {
    build_number: 41,
    state: { name: 'COMPLETED', result: { name: 'SUCCESSFUL' } },
    target: { ref_type: 'branch', ref_name: 'main', commit: { hash: '1a2b3c4d5e6f'.padEnd(40, '0') } },
  };
  const values = Array.from({ length: 7 }, (_, index) => ({ hash: String(index).repeat(40), message: 'A change' }));
  await json(200, { values: exchange.request.url?.includes('/commits/') === true ? values : [pipeline] })(exchange);
};

const commits = {
  BITBUCKET_ACCESS_TOKEN: 'ATCTT3xFfGN0-secret-of-the-sandbox',
  BITBUCKET_BUILD_NUMBER: '42',
  BITBUCKET_WORKSPACE: 'acme',
  BITBUCKET_REPO_SLUG: 'app',
  BITBUCKET_BRANCH: 'main',
  BITBUCKET_COMMIT: '0123456789abcdef0123456789abcdef01234567',
};

function pypi(react: Reaction): Case[1] {
  return async (place) => {
    const release = { name: 'acme-app', version: '1.0' };
    await place.write(wheelName(release), wheel(release));
    const { origin } = place.use(await serve(react));
    return { TYPE: 'pypi', FILENAME: '*.whl', REGISTRY: `${origin}/legacy/`, ...account };
  };
}

/** Publishes a file to the sandbox, where app.zip is with other content. */
function sandbox(env: Variables): Case[1] {
  return async (place) => {
    await place.write('app.zip');
    await place.write('new.zip');
    const server = await startSandbox();
    place.use({ [Symbol.asyncDispose]: async () => await server.close() });
    server.put('app.zip', Buffer.from('other content'));
    return { FILENAME: 'app.zip', TOKEN: tokens.accessToken, API_URL: server.apiUrl, ...env };
  };
}

const json = (status: number, body: object, headers: Readonly<Record<string, string>> = {}): Reaction =>
  answer(status, JSON.stringify(body), { 'content-type': 'application/json', ...headers });
const html = (status: number, title: string): Reaction =>
  answer(status, `<html><head><title>${title}</title></head></html>`, { 'content-type': 'text/html' });
const bitbucket = (status: number, message: string, detail?: object): Reaction =>
  json(status, { type: 'error', error: { message, detail } }, { 'x-request-id': 'abc123' });
const oci = (status: number, code: string, message: string): Reaction => json(status, { errors: [{ code, message }] });

/** Knows nothing, and answers so to uploads. */
function onlyUploads(react: Reaction): Reaction {
  return async (exchange) => await (exchange.request.method === 'POST' ? react : answer(404))(exchange);
}

/** A registry that answers 401 to a wrong password at its root, and hides all else behind 404. */
const hiding: Reaction = async (exchange) => {
  const isRoot = exchange.request.url === '/v2/';
  await (
    isRoot
      ? json(
          401,
          { errors: [{ code: 'UNAUTHORIZED', message: 'bad credentials' }] },
          { 'www-authenticate': 'Basic realm="x"' },
        )
      : oci(404, 'NAME_UNKNOWN', 'repository name not known to registry')
  )(exchange);
};

useMessages('servers', base, [
  ['file 401', file(bitbucket(401, 'Token is invalid, expired, or not supported for this endpoint.'))],
  ['file 401 with USERNAME', file(bitbucket(401, 'Token is invalid'), { USERNAME: 'dev' })],
  [
    'file 403 without a scope',
    file(
      bitbucket(403, 'Your credentials lack one or more required privilege scopes.', {
        required: ['repository:write'],
        granted: ['repository'],
      }),
    ),
  ],
  ['file 403', file(bitbucket(403, 'Forbidden'))],
  ['file 404', file(bitbucket(404, 'Repository acme/app not found'))],
  ['file 413 of nginx', file(html(413, '413 Request Entity Too Large'))],
  ['file 429', file(answer(429, 'Rate limit for this resource has been exceeded'))],
  ['file 500 without a body', file(answer(500))],
  ['file 503 of nginx', file(html(503, '503 Service Temporarily Unavailable'))],
  [
    'file 400 with colours',
    file(answer(400, '\u001B[31mError:\u001B[0m no\r\nroom', { 'content-type': 'text/plain' })),
  ],
  ['file sign-in page', file(html(200, 'Sign in'))],
  ['file redirect', file(answer(301, '', { location: 'https://moved.example/2.0/' }))],
  ['file exists', sandbox({ EXTRA_ARGS: '--no-clobber', FILENAME: 'app.zip new.zip' })],
  ['file by token of another workspace', sandbox({ TOKEN: tokens.otherWorkspaceToken })],
  ['file by expired token', sandbox({ TOKEN: tokens.expiredToken })],
  [
    'image 401',
    image(
      json(
        401,
        { errors: [{ code: 'UNAUTHORIZED', message: 'authentication required' }] },
        { 'www-authenticate': 'Basic realm="x"' },
      ),
    ),
  ],
  [
    'image 401 without an account',
    image(json(401, { errors: [{ code: 'UNAUTHORIZED' }] }, { 'www-authenticate': 'Basic realm="x"' }), {
      TOKEN: '',
      USERNAME: '',
    }),
  ],
  ['image hidden behind 404', image(hiding)],
  ['image 403', image(oci(403, 'DENIED', 'requested access to the resource is denied'))],
  ['image 404', image(oci(404, 'NAME_UNKNOWN', 'repository name not known to registry'))],
  ['image web page', image(html(200, 'Welcome'))],
  ['npm 401', npm(json(401, { error: 'authentication required' }))],
  ['npm 403', npm(json(403, { error: 'You cannot publish over the previously published versions: 1.0.0.' }))],
  ['npm 404', npm(json(404, { error: 'Not found' }))],
  ['npm 401 OTP', npm(uploadRefused(401, 'You must provide a one-time pass.', { 'www-authenticate': 'OTP' }))],
  ['npm 402', npm(uploadRefused(402, 'You must sign up for private packages'))],
  ['npm without a staging area', npm(json(404, { error: 'Not found' }), stagingArguments)],
  ['npm sign-in page', npm(html(200, 'Sign in'))],
  ['npm 502', npm(html(502, '502 Bad Gateway'))],
  ['maven 401', maven(html(401, '401 Unauthorized'))],
  ['maven 403', maven(answer(403))],
  ['maven 404', maven(html(404, '404 - Repository not found'))],
  ['octopus 401', octopus(refusal(401, 'You must be logged in to request this resource.'))],
  ['octopus 401 of an access token', octopus(refusal(401, 'The token has expired.'), { TOKEN: 'eyJ.secret.of-it' })],
  [
    'octopus 403',
    octopus(refusing(refusal(403, 'You do not have permission to perform this action. Missing: BuiltInFeedPush'))),
  ],
  [
    'octopus 403 of build information',
    octopus(refusing(refusal(403, 'Missing: BuildInformationPush')), { BITBUCKET_BUILD_NUMBER: '42' }),
  ],
  ['octopus 404', octopus(html(404, 'Not Found'), { EXTRA_ARGS: "['--space', 'Web', '--retries', '0']" })],
  ['octopus 409', octopus(refusing(refusal(409, 'The package app.1.0.0 already exists.')))],
  ['octopus 400', octopus(refusing(refusal(400, 'The package ID is longer than 100 characters.')))],
  ['octopus truncated', octopus(refusing(json(201, { PackageId: 'app', PackageSizeBytes: 3, Hash: 'da39a3ee' })))],
  ['octopus commits 403', octopus(publishing(missingScopes), commits)],
  ['octopus commits', octopus(publishing(history), commits)],
  ['octopus sign-in page', octopus(html(200, 'Octopus Deploy'))],
  ['pypi 400', pypi(json(400, { message: "'acme-app' is too similar to an existing project" }))],
  ['pypi 401', pypi(answer(401, 'Unauthorized'))],
  ['pypi 403', pypi(html(403, 'Invalid or non-existent authentication information.'))],
  ['pypi 404', pypi(html(404, '404 Not Found'))],
  ['pypi redirect', pypi(answer(308, '', { location: 'https://moved.example/legacy/' }))],
  [
    'pypi file exists',
    pypi(onlyUploads(answer(400, 'File already exists. See https://pypi.org/help/#file-name-reuse'))),
  ],
  ['maven 400', maven(html(400, 'Repository version policy: RELEASE does not allow version: 1.0'))],
]);
