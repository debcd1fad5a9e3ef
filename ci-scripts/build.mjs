// Bundles pipe/main.ts into the one file that ships: dist/pipe.js.
import { writeFileSync } from 'node:fs';
import { build } from 'esbuild';

const oldestNode = 24;

await build({
  entryPoints: ['pipe/main.ts'],
  outfile: 'dist/pipe.js',
  bundle: true,
  format: 'cjs',
  platform: 'node',
  target: `node${oldestNode}`,
  // Start-up is most of a validation error's time, and half of start-up is reading the source.
  minify: true,
  // Stack traces under DEBUG name our functions.
  keepNames: true,
  legalComments: 'none',
  logLevel: 'warning',
  banner: {
    js: `if (+process.versions.node.split('.')[0] < ${oldestNode}) { console.log('\\u2716 This pipe needs Node.js ${oldestNode} or newer, and this is ' + process.version + '. Use its Docker image, or a newer Node.js.'); process.exit(1); }`,
  },
});
// The project's own sources are ES modules; the bundle is not, wherever it is copied to.
writeFileSync('dist/package.json', '{"type":"commonjs"}\n');
