import { describe, expect, it } from '@jest/globals';
import { hasDocument, refusalOf } from './refusal.ts';

const clone = '/opt/build';
const create = (options: object): string | undefined =>
  refusalOf({ method: 'POST', url: '/v1.41/containers/create?name=x', document: { HostConfig: options } }, clone);

describe('a container is refused', () => {
  it.each([
    [{ Privileged: true }, '--privileged=true is not allowed'],
    [{ Mounts: [{ Type: 'bind', Source: clone, Target: '/x' }] }, '--mounts is not allowed'],
    [{ SecurityOpt: ['no-new-privileges'] }, '--security-opt is not allowed'],
    [{ Devices: [{ PathOnHost: '/dev/kvm' }] }, '--device is not allowed'],
    [{ CapAdd: ['NET_ADMIN'] }, '--cap-add is not allowed'],
    [{ PidMode: 'host' }, '--pid=host is not allowed'],
    ...['/var/run/docker.sock:/x', '/opt/build-2:/x', '/opt/build/../other:/x:ro', 'volume:/x'].map(
      (bind) => [{ Binds: [`${clone}/a:/a`, bind] }, '-v only supports $BITBUCKET_CLONE_DIR'] as const,
    ),
  ])('with %j', (options, expected) => {
    expect(create(options)).toContain(expected);
  });

  it.each(['/v1.41/containers/create', '/build', '/v1.41/images/create?fromImage=node'])(
    'like everything else with a platform: %s',
    (path) => {
      const url = `${path}${path.includes('?') ? '&' : '?'}platform=linux%2Farm64`;
      expect(refusalOf({ method: 'POST', url, document: {} }, clone)).toBe('--platform is not allowed');
    },
  );
});

describe('the engine may be asked', () => {
  it.each([
    {},
    { Binds: null, Mounts: null, SecurityOpt: null, Privileged: false },
    { Binds: [`${clone}:/a`, `${clone}/b:/b:ro`], NetworkMode: 'host', Memory: 1e9, CapDrop: ['ALL'] },
  ])('for a container with %j', (options) => {
    expect(create(options)).toBeUndefined();
  });

  it.each([
    ['GET', '/v1.41/version'],
    ['POST', '/v1.41/build?t=app&platform='],
    ['POST', '/v1.41/images/create?fromImage=node&tag=26'],
  ])('%s %s', (method, url) => {
    expect(hasDocument({ method, url })).toBe(false);
    expect(refusalOf({ method, url }, clone)).toBeUndefined();
  });
});

it('refuses a privileged program in a container, and no other', () => {
  const request = (Privileged: boolean): string | undefined =>
    refusalOf({ method: 'POST', url: '/containers/x/exec', document: { Privileged } }, clone);
  expect([request(true), request(false)]).toEqual(['--privileged=true is not allowed', undefined]);
});
