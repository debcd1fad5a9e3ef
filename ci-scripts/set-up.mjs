// Installs the dependencies if they are missing, so that one command works in a fresh clone. Runs on the machine's own Node.js.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { failUnlessWritable } from './fail-unless-writable.mjs';

if (!existsSync('node_modules/.package-lock.json')) {
  failUnlessWritable(process.cwd());
  process.stdout.write('Installing the dependencies (npm ci) …\n');
  const { status } = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
  process.exitCode = status ?? 1;
}
