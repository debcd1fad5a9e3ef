// Bundles pipe/main.ts into the one file that ships, dist/pipe.js, and writes what is in it beside it.
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { build } from 'esbuild';
import { checkUndiciSubset } from './check-undici-subset.mjs';
import { describeBundle } from './describe-bundle.mjs';

const oldestNode = 24;

/**
 * undici treats `100 Continue` as a broken answer unless it asked for one, which it never does. Servers may send it all the
 * same (RFC 9110, 15.2: a client must be able to parse it even if it does not expect it): without this check, it is read
 * over like every other 1xx.
 */
const continueCheck =
  /if \(statusCode === 100\) \{\s+util\.destroy\(socket, new SocketError\('bad response', util\.getSocketInfo\(socket\)\)\)\s+return -1\s+\}/;

/**
 * Bundles only the used part of undici, without HTTP/2, which the pipe never uses and which takes another 10 MB, and
 * without its check for `100 Continue`.
 */
const slimUndici = {
  name: 'slim-undici',
  setup(builder) {
    const leftOut = new Set();
    builder.onResolve({ filter: /^undici$/ }, () => ({ path: resolve('ci-scripts/undici-subset.cjs') }));
    builder.onLoad({ filter: /[\\/]undici[\\/]lib[\\/]dispatcher[\\/]client-h2\.js$/ }, ({ path }) => {
      leftOut.add(path);
      return { contents: `module.exports = () => { throw new Error('HTTP/2 is not part of this bundle'); };` };
    });
    builder.onLoad({ filter: /[\\/]undici[\\/]lib[\\/]dispatcher[\\/]client-h1\.js$/ }, ({ path }) => {
      const source = readFileSync(path, 'utf8');
      if (source.split(continueCheck).length !== 2)
        throw new Error("undici's check for 100 Continue is no longer where it was");
      return { contents: source.replace(continueCheck, '') };
    });
    builder.onEnd(({ errors, metafile }) => {
      if (errors.length > 0) return;
      if (leftOut.size !== 1) throw new Error("undici's HTTP/2 is no longer in the expected file");
      checkUndiciSubset(Object.keys(metafile.inputs), leftOut);
    });
  },
};

const { metafile } = await build({
  entryPoints: ['pipe/main.ts'],
  outfile: 'dist/pipe.js',
  bundle: true,
  metafile: true,
  format: 'cjs',
  platform: 'node',
  target: `node${oldestNode}`,
  // Most of the time to a validation error is start-up, and half of that is loading the source.
  minifySyntax: true,
  minifyWhitespace: true,
  // Stack traces under DEBUG have real names. That costs 0.3 MB, 24 kB of them compressed, and no time; `keepNames` left
  // short names for functions inside others, and a source map takes 3.7 MB.
  minifyIdentifiers: false,
  // Identifiers that are the same in two modules are numbered in the order of the modules' paths.
  preserveSymlinks: true,
  legalComments: 'none',
  logLevel: 'warning',
  // As in Node.js's own build of undici: without its second, experimental parser of HTTP, which takes 160 kB.
  define: { esbuildDetection: '1' },
  plugins: [slimUndici],
  banner: {
    js: `if (+process.versions.node.split('.')[0] < ${oldestNode}) { console.log('\\u2716 This pipe needs Node.js ${oldestNode} or newer, and this is ' + process.version + '. Use its Docker image, or a newer Node.js.'); process.exit(1); }`,
  },
});
// The project's sources are ES modules, but the bundle is not, wherever it is copied to.
writeFileSync('dist/package.json', '{"type":"commonjs"}\n');
copyFileSync('pipe/result.schema.json', 'dist/result.schema.json');
describeBundle(metafile, 'dist/pipe.js');
