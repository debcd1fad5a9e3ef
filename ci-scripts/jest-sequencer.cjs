// Starts the longest test files first, so that none is still running when all others have finished. Jest knows how long
// each took last time; on a fresh clone, it uses the size.
const { default: Sequencer } = require('@jest/test-sequencer');

/** Each takes more than three seconds on two idle cores. */
const long = [
  'compression/compressor',
  'http/send',
  'http/slow-answers',
  'destinations/maven/metadata-update',
  'destinations/maven/destination',
  'destinations/npm/destination',
  'faults/registry-bad-inputs',
  'faults/registry-policies',
  'faults/registry-docker-types',
  'destinations/npm/verify',
  'oci/open-image',
  'destinations/image/destination',
  'destinations/downloads/publish',
  'build',
  'secrets',
  'faults/matrix-image',
  'faults/matrix-maven',
].map((name) => `/test/${name}.test.ts`);

module.exports = class JestSequencer extends Sequencer {
  sort(tests) {
    const sorted = super.sort(tests);
    if (sorted.some(({ duration }) => duration !== undefined)) return sorted;
    const rank = ({ path }) => (long.some((name) => path.replaceAll('\\', '/').endsWith(name)) ? 0 : 1);
    return sorted.toSorted((a, b) => rank(a) - rank(b));
  }
};
