import { expect, it } from '@jest/globals';
import { jsonProblem } from '../../pipe/io/json-problem.ts';

it.each([
  ['<html>secret</html>', "Unexpected token '<'"],
  [`{"token":"${'secret'.repeat(20)}", x}`, /^Expected double-quoted property name in JSON at position \d+/],
  [`{"token":"${'secret'.repeat(20)}" "secret"}`, /^Expected ',' or '}' after property value in JSON at position \d+/],
  [`["secret\nsecret, "secret"]`, /^Bad control character in string literal in JSON at position \d+/],
  ['{"secret":"secret', /^Unterminated string in JSON at position \d+/],
  ['secret', "Unexpected token 's'"],
  ['', 'Unexpected end of JSON input'],
])('of %j', (text, problem) => {
  let caught: unknown;
  try {
    JSON.parse(text);
  } catch (error) {
    caught = error;
  }
  const { message, stack } = jsonProblem(caught);
  if (typeof problem === 'string') expect(message).toBe(problem);
  else expect(message).toMatch(problem);
  expect(`${message}${stack?.split('\n')[0]}`).not.toContain('secret');
});
