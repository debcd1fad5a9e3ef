import { describe, expect, it } from '@jest/globals';
import { proxyFor } from '../../pipe/http/proxy-for.ts';
import { proxySecrets, readProxies } from '../../pipe/http/proxies.ts';
import type { Environment } from '../../pipe/toolkit/environment.ts';
import { Problems } from '../../pipe/toolkit/problems.ts';
import { problemMap } from '../toolkit/problem-map.ts';

function read(env: Environment): { settings: object; problems: object } {
  const problems = new Problems();
  return { settings: readProxies(env, problems), problems: problemMap(problems) };
}

describe('readProxies', () => {
  it.each<[string, Environment, object]>([
    ['none', {}, { http: undefined, https: undefined, none: '' }],
    [
      'one for each scheme',
      { HTTP_PROXY: 'http://a:1', HTTPS_PROXY: 'http://b:2' },
      { http: 'http://a:1/', https: 'http://b:2/' },
    ],
    ['one for both', { ALL_PROXY: 'http://a:1' }, { http: 'http://a:1/', https: 'http://a:1/' }],
    [
      'one for the rest',
      { ALL_PROXY: 'http://a:1', http_proxy: 'http://b:2' },
      { http: 'http://b:2/', https: 'http://a:1/' },
    ],
    ['small letters first', { https_proxy: 'http://a:1', HTTPS_PROXY: 'http://b:2' }, { https: 'http://a:1/' }],
    [
      'capitals where the small ones are empty',
      { https_proxy: ' ', HTTPS_PROXY: 'http://b:2' },
      { https: 'http://b:2/' },
    ],
    ['no scheme', { HTTPS_PROXY: 'proxy:3128' }, { https: 'http://proxy:3128/' }],
    ['no scheme, with a password', { HTTPS_PROXY: 'u:p%40@proxy:3128' }, { https: 'http://u:p%40@proxy:3128/' }],
    ['a proxy that speaks TLS', { HTTPS_PROXY: ' https://proxy ' }, { https: 'https://proxy/' }],
    ['a path, which no proxy has', { HTTPS_PROXY: 'http://proxy:3128/x?y#z' }, { https: 'http://proxy:3128/' }],
    ['a SOCKS proxy', { ALL_PROXY: 'socks5h://u:p@proxy:1080/' }, { https: 'socks5://u:p@proxy:1080' }],
    ['a SOCKS proxy without a version or a port', { HTTPS_PROXY: 'socks://proxy' }, { https: 'socks5://proxy' }],
    [
      'no ALL_PROXY that is of no use, if it is not needed',
      { ALL_PROXY: 'socks4://a', HTTP_PROXY: 'http://b:1', HTTPS_PROXY: 'http://b:1' },
      { http: 'http://b:1/', https: 'http://b:1/' },
    ],
    [
      'as unset what Pipelines could not expand',
      { HTTPS_PROXY: '$HTTPS_PROXY', https_proxy: '${https_proxy}', HTTP_PROXY: '$HTTP_PROXY', NO_PROXY: '$NO_PROXY' },
      { http: undefined, https: undefined, none: '' },
    ],
    [
      'the next name if one could not be expanded',
      { https_proxy: '$X', HTTPS_PROXY: 'http://a:1' },
      { https: 'http://a:1/' },
    ],
    ['hosts without a proxy', { NO_PROXY: ' a.example,.b ' }, { none: 'a.example,.b' }],
    ['hosts without a proxy, small letters first', { no_proxy: 'a', NO_PROXY: 'b' }, { none: 'a' }],
  ])('reads %s', (_, env, settings) => {
    expect(read(env)).toMatchObject({ settings, problems: {} });
  });

  const notAnHttpProxy = 'must be the URL of an HTTP or SOCKS5 proxy, such as http://proxy.example:3128';
  const mustBeEscaped =
    'has a character in its user name or password that must be escaped: write / as %2F, \\ as %5C, ? as %3F and # as %23';
  const badEscape = 'has a % in its user name or password that does not begin an escape sequence: write it as %25';

  it.each<[string, Environment, object]>([
    ['another protocol', { HTTPS_PROXY: 'socks4://u:hunter22@a:1' }, { HTTPS_PROXY: [notAnHttpProxy] }],
    ...['/', '\\', '?', '#'].map((character): [string, Environment, object] => [
      `a user name with ${character}`,
      { HTTPS_PROXY: `http://us${character}er:hunter22@a:1` },
      { HTTPS_PROXY: [mustBeEscaped] },
    ]),
    ['no host of a SOCKS proxy', { HTTPS_PROXY: 'socks5://' }, { HTTPS_PROXY: [notAnHttpProxy] }],
    ['no host', { http_proxy: 'http://' }, { http_proxy: [notAnHttpProxy] }],
    ['a port that is none', { all_proxy: 'a:hunter22' }, { all_proxy: [notAnHttpProxy] }],
    ['a broken escape in the password', { HTTPS_PROXY: 'http://u:hunter22%@a:1' }, { HTTPS_PROXY: [badEscape] }],
    ['a broken escape in the user name', { HTTPS_PROXY: '50%:hunter22@a:1' }, { HTTPS_PROXY: [badEscape] }],
  ])('reports %s, without its value', (_, env, problems) => {
    expect(read(env).problems).toEqual(problems);
  });
});

describe('proxyFor', () => {
  const settings = { http: 'http://a:1/', https: 'http://b:2/' };

  it('follows the scheme', () => {
    expect(proxyFor(new URL('http://x'), { ...settings, none: '' })?.href).toBe('http://a:1/');
    expect(proxyFor(new URL('https://x'), { ...settings, none: '' })?.href).toBe('http://b:2/');
    expect(proxyFor(new URL('https://x'), { none: '' })).toBeUndefined();
  });

  it.each<[string, string, boolean]>([
    ['*', 'https://api.example', true],
    ['api.example', 'https://api.example', true],
    ['example', 'https://api.example', true],
    ['.example', 'https://api.example', true],
    ['.api.example', 'https://api.example', true],
    ['*.example', 'https://api.example', true],
    ['*.api.example', 'https://api.example', false],
    ['pi.example', 'https://api.example', false],
    ['API.Example.', 'https://api.example', true],
    ['api.example', 'https://api.example.', true],
    ['other, .example ,x', 'https://api.example', true],
    ['other example', 'https://api.example', true],
    ['api.example:443', 'https://api.example', true],
    ['api.example:80', 'https://api.example', false],
    ['*:8443', 'https://api.example:8443', true],
    ['10.0.0.0/8', 'https://10.1.2.3', true],
    ['10.0.0.0/8', 'https://11.1.2.3', false],
    ['10.1.2.0/23,x', 'https://10.1.3.255:5000', true],
    ['0.0.0.0/0', 'https://api.example', false],
    ['10.0.0.0/33', 'https://10.1.2.3', false],
    ['10.0.0/8', 'https://10.1.2.3', false],
    ['10.1.2.3', 'https://10.1.2.3', true],
    ['fd00::/8', 'https://[fd12::1]', true],
    ['[fd00::]/8', 'https://[fd12::1]:5000', true],
    ['fd00::/8', 'https://[fe80::1]', false],
    ['fd12::1', 'https://[fd12::1]', true],
    ['[fd12::1]:443', 'https://[fd12::1]', true],
    ['[fd12::1]:80', 'https://[fd12::1]', false],
    ['', 'https://api.example', false],
  ])('NO_PROXY=%s and %s: direct is %j', (none, url, isDirect) => {
    expect(proxyFor(new URL(url), { ...settings, none }) === undefined).toBe(isDirect);
  });
});

describe('proxySecrets', () => {
  it.each<[string, Environment, readonly string[]]>([
    ['none', { HTTP_PROXY: 'http://user@a:1', NO_PROXY: 'b' }, []],
    ['no proxy at all', {}, []],
    [
      'every password',
      { HTTP_PROXY: 'http://u:one@a:1', https_proxy: 'http://u:two@a', ALL_PROXY: 'http://:three@a' },
      ['one', 'one', 'two', 'two', 'three', 'three'],
    ],
    ['as written and as meant', { HTTPS_PROXY: 'http://u:p%40ss@a' }, ['p%40ss', 'p@ss']],
    ['of a SOCKS proxy', { ALL_PROXY: 'socks5h://u:secret@a' }, ['secret', 'secret']],
    ['without a scheme', { HTTPS_PROXY: 'u:p%40ss@a:3128' }, ['p%40ss', 'p@ss']],
    ['with a broken escape, as written', { HTTPS_PROXY: 'http://u:100%@a' }, ['100%', '100%']],
    ['of what is no URL, none', { HTTPS_PROXY: 'http://' }, []],
  ])('finds %s', (_, env, secrets) => {
    expect(proxySecrets(env)).toEqual(secrets);
  });
});
