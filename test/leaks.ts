/** Finds a secret in a text, whatever way it is written there: written apart from the code that it checks. */

/** The ways in which `secret` stands in `text`; empty where there are none. */
export function findLeaks(text: string, secret: string): readonly string[] {
  const bytes = Buffer.from(secret);
  const ways: readonly (readonly [string, string])[] = [
    ['raw', secret],
    ['URL-encoded', encodeURIComponent(secret)],
    ['hex', bytes.toString('hex')],
    // Whatever stands before it, twelve bytes from the middle of the secret show up in one of three alignments.
    ...[0, 1, 2].map((shift) => ['base64', middleGroups(bytes.subarray(shift))] as const),
  ];
  const lower = text.toLowerCase();
  return ways
    .filter(([way, form]) =>
      way === 'base64'
        ? [form, form.replaceAll('+', '-').replaceAll('/', '_')].some((variant) => text.includes(variant))
        : lower.includes(form.toLowerCase()),
    )
    .map(([way]) => way);
}

function middleGroups(bytes: Buffer): string {
  const start = Math.floor(bytes.length / 6) * 3;
  return bytes.subarray(start, start + 12).toString('base64');
}
