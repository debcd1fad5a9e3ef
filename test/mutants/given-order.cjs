// Runs the test files in the order of TEST_ORDER, a JSON array of paths.
'use strict';
const { default: Sequencer } = require('@jest/test-sequencer');

const order = JSON.parse(process.env.TEST_ORDER ?? '[]');

module.exports = class GivenOrder extends Sequencer {
  sort(tests) {
    return [...tests].toSorted((a, b) => order.indexOf(a.path) - order.indexOf(b.path));
  }
};
