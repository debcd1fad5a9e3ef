/** Takes secrets out of whatever is about to be printed, by value and in every usual encoding. */

export type Scrub = (text: string) => string;

const mask = '***';

/**
 * A function that replaces each secret, raw, URL-encoded, JSON-escaped, hex or base64, with `***`.
 *
 * Base64 is recognised at each of its three alignments, so that a secret is found inside an encoded `user:secret` too.
 */
export function createScrub(secrets: Iterable<string | undefined>): Scrub {
  const forms = new Set<string>();
  for (const secret of secrets) {
    const trimmed = secret?.trim();
    if (trimmed === undefined || trimmed === '') continue;
    for (const form of encodings(trimmed)) forms.add(form);
  }
  if (forms.size === 0) return (text) => text;
  const longestFirst = [...forms].sort((a, b) => b.length - a.length);
  const pattern = new RegExp(longestFirst.map((form) => RegExp.escape(form)).join('|'), 'g');
  return (text) => text.replace(pattern, mask);
}

function* encodings(secret: string): Generator<string> {
  yield secret;
  yield encodeURIComponent(secret);
  yield encodeURIComponent(secret).replaceAll(/%[0-9A-F]{2}/g, (escape) => escape.toLowerCase());
  yield new URLSearchParams([['', secret]]).toString().slice(1);
  yield JSON.stringify(secret).slice(1, -1);
  const bytes = Buffer.from(secret);
  yield bytes.toString('hex');
  yield bytes.toString('hex').toUpperCase();
  for (const before of [0, 1, 2]) {
    const encoded = Buffer.concat([Buffer.alloc(before), bytes])
      .toString('base64')
      .replace(/=+$/, '');
    // Only whole groups that hold nothing but the secret: its first and last few bits depend on its neighbours.
    const start = before === 0 ? 0 : before + 1;
    const end = (before + bytes.length) % 3 === 0 ? encoded.length : encoded.length - 1;
    const core = encoded.slice(start, end);
    // A shorter one would be found in innocent text.
    if (core.length < 6) continue;
    yield core;
    yield core.replaceAll('+', '-').replaceAll('/', '_');
    yield encodeURIComponent(core);
  }
}
