/** The encodings in which servers, frameworks and debug pages echo a value that they were sent. */

type Way = readonly [way: string, written: string];

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const hexOf = (text: string): string => Buffer.from(text).toString('hex');
const each = (text: string, pattern: RegExp, write: (character: string) => string): string =>
  text.replaceAll(pattern, write);
const jsonUnit = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
const percent = (character: string): string =>
  [...Buffer.from(character)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('');
const wrapped = (text: string, width: number, lineBreak: string): string =>
  (text.match(new RegExp(`[^]{1,${width}}`, 'g')) ?? []).join(lineBreak);
const lowerHex = (text: string): string => text.replaceAll(/%[0-9A-F]{2}/g, (escape) => escape.toLowerCase());

export function waysToWrite(secret: string): readonly Way[] {
  const url = encodeURIComponent(secret);
  const json = JSON.stringify(secret).slice(1, -1);
  const html = each(secret, /[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
  const basic = ['', 'a', 'ab', 'user@example.com'].map(
    (user) => [`base64 of ${user}:secret`, base64(`${user}:${secret}`)] as const,
  );
  const [, long] = basic[3] ?? ['', ''];
  const pairs = hexOf(secret).match(/../g) ?? [];
  return [
    ['raw', secret],
    ['raw, over two lines', wrapped(secret, 40, '\n')],
    ['URL', url],
    ['URL, lower case', lowerHex(url)],
    ['URL, every character', each(secret, /[^]/gu, percent)],
    ['URL, some characters', each(secret, /[3-7_&"=<+]/g, percent)],
    ['URL, twice', encodeURIComponent(url)],
    ['URL, three times', encodeURIComponent(encodeURIComponent(url))],
    ['form', new URLSearchParams({ k: secret }).toString().slice(2)],
    ['JSON', json],
    ['JSON, all except letters and digits', each(secret, /[^A-Za-z0-9]/g, jsonUnit)],
    [
      'JSON, every character, upper case',
      each(secret, /[^]/g, (unit) => jsonUnit(unit).toUpperCase().replace('U', 'u')),
    ],
    ['JSON, with slashes escaped', json.replaceAll('/', '\\/')],
    ['JSON in JSON', JSON.stringify(json).slice(1, -1)],
    ['HTML', html],
    ['HTML, by names', each(secret, /[&<>"=+/_]/g, (character) => htmlNames[character] ?? character)],
    ['HTML, hexadecimal', each(secret, /[^A-Za-z0-9]/g, (character) => `&#x${character.charCodeAt(0).toString(16)};`)],
    [
      'HTML, every character, upper case',
      each(secret, /[^]/g, (unit) => `&#X${unit.charCodeAt(0).toString(16).toUpperCase()};`),
    ],
    ['HTML in JSON', JSON.stringify(html).slice(1, -1)],
    ['JSON in HTML', each(json, /[&<>"'\\]/g, (character) => `&#${character.charCodeAt(0)};`)],
    ['URL in HTML', each(url, /%/g, () => '&#37;')],
    ['hex', hexOf(secret)],
    ['hex, upper case', hexOf(secret).toUpperCase()],
    ['hex with colons', pairs.join(':')],
    ['hex with spaces', pairs.join(' ')],
    ['hex in lines', wrapped(pairs.join(' '), 48, '\n')],
    ['hex as a list of bytes', pairs.map((pair) => `0x${pair}`).join(', ')],
    ['hex escapes', pairs.map((pair) => `\\x${pair}`).join('')],
    ...basic,
    ['base64url', Buffer.from(`me:${secret}`).toString('base64url')],
    ['base64 in a URL', encodeURIComponent(long)],
    ['base64 in a form', long.replaceAll('+', ' ')],
    ['base64 in HTML', each(long, /[+/=]/g, (character) => `&#x${character.charCodeAt(0).toString(16)};`)],
    ['base64 in JSON', each(long, /[+/=]/g, jsonUnit)],
    ['base64 at 76', wrapped(base64(`${'u'.repeat(50)}:${secret}`), 76, '\n')],
    ['base64 at 76, CRLF', wrapped(base64(`${'u'.repeat(50)}:${secret}`), 76, '\r\n')],
    ['base64 at 76, in JSON', JSON.stringify(wrapped(base64(`${'u'.repeat(41)}:${secret}`), 76, '\r\n'))],
    ['base64 at 64, with spaces', wrapped(base64(`me:${secret}`), 64, ' ')],
    ['base64 at 76, in HTML', wrapped(base64(`${'u'.repeat(32)}:${secret}`), 76, '&#13;&#10;')],
    ['base64 at 76, in a URL', encodeURIComponent(wrapped(base64(`${'u'.repeat(23)}:${secret}`), 76, '\r\n'))],
  ];
}

const htmlNames: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '=': '&equals;',
  '+': '&plus;',
  '/': '&sol;',
  _: '&lowbar;',
};
