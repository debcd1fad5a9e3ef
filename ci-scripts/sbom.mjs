// Makes software bills of materials, as CycloneDX 1.6 (https://cyclonedx.org/docs/1.6/json/), the same for the same content.
import { createHash } from 'node:crypto';

/**
 * The SBOM states the time in SOURCE_DATE_EPOCH, if it is set. The image's SBOM has no time, so that the same files make the same
 * layer.
 *
 * @param subject the component that is described @param components all others, each with `dependsOn`, the references of others
 */
export function makeSbom(subject, components) {
  const all = [subject, ...components];
  const seconds = Number(process.env.SOURCE_DATE_EPOCH ?? 0);
  const sbom = {
    $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: {
      ...(seconds > 0 && { timestamp: new Date(seconds * 1000).toISOString() }),
      component: withoutEdges(subject),
    },
    components: components.map(withoutEdges),
    dependencies: all.map(({ 'bom-ref': ref, dependsOn = [] }) => ({ ref, dependsOn })),
  };
  return `${JSON.stringify({ ...sbom, serialNumber: `urn:uuid:${uuidOf(JSON.stringify(sbom))}` }, undefined, 2)}\n`;
}

/** Takes `name`, `version`, `license` (SPDX), `website`, `purl`, `cpe`, `sha512`, `files` and `dependsOn`; all but the name are optional. */
export function component(type, { name, version, license, website, purl, cpe, sha512, files = [], dependsOn }) {
  return {
    type,
    'bom-ref': purl ?? name,
    name,
    ...(version && { version }),
    ...(sha512 && { hashes: [{ alg: 'SHA-512', content: sha512 }] }),
    ...(license && { licenses: [{ expression: license }] }),
    ...(cpe && { cpe }),
    ...(purl && { purl }),
    ...(website && { externalReferences: [{ type: 'website', url: website }] }),
    ...(files.length > 0 && { components: files }),
    ...(dependsOn && { dependsOn }),
  };
}

/** @param content left out for a file that cannot state its own hash */
export function fileComponent(path, content) {
  const hash = content && createHash('sha256').update(content).digest('hex');
  return { type: 'file', name: path, ...(hash && { hashes: [{ alg: 'SHA-256', content: hash }] }) };
}

function withoutEdges(given) {
  return { ...given, dependsOn: undefined };
}

/** RFC 9562, section 5.8. */
function uuidOf(text) {
  const hash = createHash('sha256').update(text).digest('hex');
  const parts = [
    hash.slice(0, 8),
    hash.slice(8, 12),
    `8${hash.slice(13, 16)}`,
    `8${hash.slice(17, 20)}`,
    hash.slice(20, 32),
  ];
  return parts.join('-');
}
