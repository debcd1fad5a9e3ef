// Prints the files of an image with their SHA-256, as its SBOM states them, without those that differ between two builds of the same sources: list-image-files.mjs SBOM
import { readFileSync } from 'node:fs';

const [, , path] = process.argv;
/** The version is in some, and V8 makes the cache from the bundle for the processor at hand. */
const differing = /^(?:README\.md|pipe\.yml|dist\/sbom\.cdx\.json|dist\/cache\/.+)$/;

const { metadata, components } = JSON.parse(readFileSync(path, 'utf8'));
const lines = [metadata.component, ...components]
  .flatMap((component) => component.components ?? [])
  .filter(({ name }) => !differing.test(name))
  .map(({ name, hashes }) => `${hashes[0].content}  ${name}\n`);
process.stdout.write(lines.sort().join(''));
