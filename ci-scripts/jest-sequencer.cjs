// The longest test files first, so that none of them is left over when all others are done. Jest knows how long each took
// the last time; on a fresh clone it goes by size.
const { default: Sequencer } = require('@jest/test-sequencer');

/** On two idle cores, each more than three seconds. */
const long = [
  'compression/compressor',
  'http/send',
  'destinations/maven/destination',
  'oci/registry/behaviours',
  'destinations/npm/destination',
  'oci/registry/bad-inputs',
  'oci/registry/policies',
  'destinations/image/destination',
  'destinations/downloads/publish',
  'build',
  'secrets',
  'main',
].map((name) => `/test/${name}.test.ts`);

module.exports = class JestSequencer extends Sequencer {
  sort(tests) {
    const sorted = super.sort(tests);
    if (sorted.some(({ duration }) => duration !== undefined)) return sorted;
    const rank = ({ path }) => (long.some((name) => path.replaceAll('\\', '/').endsWith(name)) ? 0 : 1);
    return sorted.toSorted((a, b) => rank(a) - rank(b));
  }
};
