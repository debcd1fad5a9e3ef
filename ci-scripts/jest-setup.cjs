// Jest's `toMatchObject` compares objects by their enumerable properties, of which these have none: any two would match.
/* global expect */
'use strict';

const texts = new Map([
  ['URL', ({ href }) => href],
  ['RegExp', String],
]);

expect.addEqualityTesters([
  (received, expected) => {
    const textOf = texts.get(expected?.constructor?.name);
    if (textOf === undefined) return undefined;
    return received?.constructor?.name === expected.constructor.name && textOf(received) === textOf(expected);
  },
]);
