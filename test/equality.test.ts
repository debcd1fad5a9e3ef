import { expect, it } from '@jest/globals';

it.each([
  [new URL('https://a.example/b'), new URL('https://a.example/c')],
  [/a/, /a/i],
  [new URL('https://a.example'), 'https://a.example/'],
])('%s does not match %s', (one, other) => {
  expect({ one }).not.toMatchObject({ one: other });
  expect({ one: other }).not.toMatchObject({ one });
  expect({ one }).toMatchObject({ one });
});
