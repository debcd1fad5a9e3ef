// Compares the output of detect-secrets (standard input) with known-secrets.txt, the secrets of the tests: path, kind and hash, without line numbers, which change.
import { readFileSync, writeFileSync } from 'node:fs';

const knownPath = 'ci-scripts/known-secrets.txt';
const { results } = JSON.parse(readFileSync(0, 'utf8'));
const found = Object.values(results)
  .flat()
  .map(({ filename, type, hashed_secret: hash, line_number: line }) => ({
    key: `${filename}\t${type}\t${hash}`,
    filename,
    type,
    line,
  }));

if (process.argv.includes('--update')) {
  writeFileSync(knownPath, `${[...new Set(found.map(({ key }) => key))].sort().join('\n')}\n`);
} else {
  const known = new Set(readFileSync(knownPath, 'utf8').split('\n'));
  const fresh = found.filter(({ key }) => !known.has(key));
  for (const { filename, type, line } of fresh) process.stdout.write(`${filename}:${line}: ${type}\n`);
  if (fresh.length > 0) {
    process.stdout.write('If these are not real secrets, record them with `ci-scripts/scan-secrets.sh --update`.\n');
    process.exitCode = 1;
  }
}
