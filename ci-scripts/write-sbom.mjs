// Writes the CycloneDX SBOM of the bundle to a file; npm's random number and current time are replaced to make it reproducible.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';

const [, , path] = process.argv;
const options = ['sbom', '--sbom-format=cyclonedx', '--omit=dev', '--omit=optional'];
const sbom = JSON.parse(execFileSync('npm', options, { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 }));
sbom.metadata.timestamp = new Date(Number(process.env.SOURCE_DATE_EPOCH ?? 0) * 1000).toISOString();
delete sbom.serialNumber;
const hash = createHash('sha256').update(JSON.stringify(sbom)).digest('hex');
// RFC 9562, section 5.8.
const parts = [
  hash.slice(0, 8),
  hash.slice(8, 12),
  `8${hash.slice(13, 16)}`,
  `8${hash.slice(17, 20)}`,
  hash.slice(20, 32),
];
writeFileSync(path, `${JSON.stringify({ ...sbom, serialNumber: `urn:uuid:${parts.join('-')}` }, undefined, 2)}\n`);
