// Compiles the tests with the compiler that bundles the pipe, so that both use the same language.
const { createHash } = require('node:crypto');
const { transformSync, version } = require('esbuild');

const options = {
  format: 'cjs',
  loader: 'ts',
  platform: 'node',
  sourcemap: 'inline',
  supported: { 'dynamic-import': false },
  target: 'node26',
};

module.exports = {
  process(source, sourcefile) {
    return { code: transformSync(source, { ...options, sourcefile }).code };
  },
  getCacheKey(source, sourcefile) {
    return createHash('sha256')
      .update([version, JSON.stringify(options), sourcefile, source].join('\0'))
      .digest('hex');
  },
};
