// Completes package-lock.json after `npm install`: npm omits packages for other platforms that the current registry does
// not have, and `npm ci` of npm 11.12 and newer rejects such a lock file. Their names contain the platform.
import { readFileSync, writeFileSync } from 'node:fs';

const lock = JSON.parse(readFileSync('package-lock.json', 'utf8'));
const { packages } = lock;
for (const [parent, { dev, optionalDependencies = {} }] of Object.entries(packages)) {
  for (const [name, version] of Object.entries(optionalDependencies)) {
    if (packages[`${parent === '' ? '' : `${parent}/`}node_modules/${name}`] ?? packages[`node_modules/${name}`])
      continue;
    const [os, cpu, abi = ''] = (name.split('/')[1] ?? name).replace(/^(?:resolver-)?binding-/, '').split('-');
    if (!['arm', 'arm64', 'ia32', 'loong64', 'ppc64', 'riscv64', 's390x', 'x64'].includes(cpu))
      throw new Error(`${name}: its name contains no platform`);
    const libc = abi.startsWith('musl') ? ['musl'] : abi === 'gnu' ? ['glibc'] : undefined;
    packages[`node_modules/${name}`] = {
      version,
      cpu: [cpu],
      dev,
      ...(os === 'linux' && libc && { libc }),
      license: 'MIT',
      optional: true,
      os: [os],
    };
  }
}
const [root, ...rest] = Object.entries(packages);
lock.packages = Object.fromEntries([root, ...rest.sort(([a], [b]) => a.localeCompare(b, 'en'))]);
writeFileSync('package-lock.json', `${JSON.stringify(lock, undefined, 2)}\n`);
