// Fails the build if the bundle uses a part of undici that undici-subset.cjs lacks: esbuild would not notice, and the
// bundle would fail when run.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';

/** The methods that undici's index.js adds to its dispatchers. */
const methods = ['request', 'stream', 'pipeline', 'upgrade', 'connect'];
/** Objects in undici's sources that have methods with these names but are not dispatchers. */
const others = new Set(['net', 'tls', 'http2', 'session', 'body', 'socks5Client']);
/** The methods themselves, and undici's fetch, of which only types are used. */
const withoutDispatchers = /[\\/]undici[\\/]lib[\\/](?:api|web)[\\/]/;

/** @param inputs the bundle's source files @param leftOut those that are replaced by a stub */
export function checkUndiciSubset(inputs, leftOut) {
  const require = createRequire(resolve('package.json'));
  const subset = require('./ci-scripts/undici-subset.cjs');
  const { prototype } = require('undici/lib/dispatcher/dispatcher');
  const problems = [];
  for (const input of inputs) {
    const path = resolve(input);
    if (leftOut.has(path) || withoutDispatchers.test(path)) continue;
    const isUndici = /[\\/]node_modules[\\/]undici[\\/]/.test(path);
    const source = readFileSync(path, 'utf8');
    const imported = /import (type )?\{([^}]*)\} from 'undici'/.exec(source);
    if (!isUndici && imported === null) continue;
    const names = imported?.[1] ? [] : (imported?.[2]?.split(',') ?? []).map((name) => name.trim());
    for (const name of names)
      if (name !== '' && !name.startsWith('type ') && !(name in subset))
        problems.push(`${input} imports ${name}, which ${join('ci-scripts', 'undici-subset.cjs')} does not export`);
    for (const [, receiver, method] of source.matchAll(/([\w$]+|\])\??\.(\w+)\(/g))
      if (methods.includes(method) && !others.has(receiver) && typeof prototype[method] !== 'function')
        problems.push(`${input} calls ${method}, which ${join('ci-scripts', 'undici-subset.cjs')} does not assign`);
  }
  if (problems.length > 0) throw new Error(problems.join('\n'));
}
