// Runs a script, or the program of a package, on the project's own Node.js: run.mjs FILE|PACKAGE [ARGUMENT...]
// If the program starts `node`, it gets the same Node.js. This script itself runs on Node.js 20 or newer.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { failUnlessWritable } from './fail-unless-writable.mjs';
import { findRuntime, root } from './find-runtime.mjs';

const [, , target, ...words] = process.argv;
const { path, problem } = findRuntime();
if (problem) fail(problem);
if (target === 'ci-scripts/build.mjs') {
  const dist = join(root, 'dist');
  failUnlessWritable(existsSync(dist) ? dist : root);
}

// On Windows the name may be `Path`.
const pathName = Object.keys(process.env).find((name) => name.toUpperCase() === 'PATH') ?? 'PATH';
const searched = [dirname(path), join(root, 'node_modules', '.bin'), process.env[pathName]].filter(Boolean);
const child = spawn(path, [programOf(target), ...words], {
  stdio: 'inherit',
  env: { ...process.env, [pathName]: searched.join(delimiter) },
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
child.on('error', (error) => fail(`${path} cannot be started: ${error.message}`));
child.on('exit', (code, signal) => {
  if (signal === null) process.exit(code);
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
});

/** A path is used as it is; any other name is that of a package, whose program has the same name or is its only one. */
function programOf(name) {
  if (/[\\/]/.test(name)) return name;
  const directory = join(root, 'node_modules', name);
  if (!existsSync(directory)) fail(`node_modules/${name} is missing: run \`npm ci\`.`);
  const { bin } = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'));
  return join(directory, typeof bin === 'string' ? bin : (bin[name] ?? Object.values(bin)[0]));
}

function fail(sentence) {
  process.stdout.write(`✖ ${sentence}\n`);
  process.exit(1);
}
