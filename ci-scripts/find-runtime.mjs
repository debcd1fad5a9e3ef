// Finds the Node.js that package.json pins. Runs on Node.js 20 or newer.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/**
 * Finds it by the path of its package, never as `node`: npm before 11.12 removes node_modules/.bin/node together with the
 * packages for other platforms, which declare the same program.
 *
 * @returns the program's path, or a message if it cannot be found
 */
export function findRuntime() {
  const { optionalDependencies } = readPackage(root);
  const platform = `${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
  const name = Object.keys(optionalDependencies).find((each) => each.endsWith(`-${platform}`));
  const pinned = name && optionalDependencies[name];
  const major = Number((pinned ?? Object.values(optionalDependencies)[0]).split('.')[0]);
  const directory = name && join(root, 'node_modules', name);
  const path = directory && existsSync(directory) ? join(directory, readPackage(directory).bin.node) : undefined;

  if (path && starts(path)) return { path };
  if (Number(process.versions.node.split('.')[0]) >= major) return { path: process.execPath };
  const elsewhere = `Node.js ${major} or newer first in PATH (this is ${process.version})`;
  if (!name)
    return { problem: `There is no package with Node.js ${major} for ${platform}: put ${elsewhere}, and try again.` };
  if (!path) return { problem: `node_modules/${name} is missing: run \`npm ci\`, or put ${elsewhere}.` };
  return { problem: `node_modules/${name} does not start on this machine: put ${elsewhere}, and try again.` };
}

function readPackage(directory) {
  return JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'));
}

/** On Alpine, npm also installs the package for Linux, which Alpine's loader cannot run. */
function starts(path) {
  return spawnSync(path, ['--version'], { stdio: 'ignore' }).status === 0;
}
