/** Publishes a release beside an older one. */

import { jar, pomText } from '../../destinations/maven/artifacts.ts';
import { arrayVariables } from '../../run-pipe.ts';
import { checksumKinds } from '../../sandbox/maven-store.ts';
import { tokens } from '../../sandbox/tokens.ts';
import type { Sandbox } from '../../sandbox/sandbox.ts';
import type { Protocol } from './protocol.ts';

const directory = 'com/acme/app';
const metadataPath = `${directory}/maven-metadata.xml`;
const former = `<?xml version="1.0" encoding="UTF-8"?>
<metadata>
  <groupId>com.acme</groupId>
  <artifactId>app</artifactId>
  <versioning>
    <latest>0.9</latest>
    <release>0.9</release>
    <versions>
      <version>0.9</version>
    </versions>
    <lastUpdated>20260101000000</lastUpdated>
  </versioning>
</metadata>
`;
const artifact = jar();
const published: Readonly<Record<string, Buffer>> = {
  [`${directory}/1.0/app-1.0.jar`]: artifact,
  [`${directory}/1.0/app-1.0.pom`]: Buffer.from(pomText()),
};
const metadata = /\/maven-metadata\.xml$/;
const jarPath = /\/app-1\.0\.jar$/;
const written = { method: 'PUT', path: metadata };
const sent = { method: 'PUT', path: jarPath };

export const maven: Protocol = {
  name: 'maven',
  sandbox: {},
  requests: [
    { name: 'GET metadata', method: 'GET', path: metadata, before: written, follows: true, reads: true },
    { name: 'HEAD', method: 'HEAD', path: jarPath, before: sent, follows: true },
    { name: 'PUT artifact', method: 'PUT', path: jarPath, hasBody: true },
    { name: 'HEAD after', method: 'HEAD', path: jarPath, after: sent, follows: true },
    { name: 'PUT checksum', method: 'PUT', path: /\/app-1\.0\.jar\.md5$/, hasBody: true },
    { name: 'PUT POM', method: 'PUT', path: /\/app-1\.0\.pom$/, hasBody: true },
    { name: 'PUT metadata', ...written, hasBody: true },
    { name: 'PUT its checksum', method: 'PUT', path: /\/maven-metadata\.xml\.md5$/, hasBody: true },
    { name: 'GET back', method: 'GET', path: metadata, after: written, follows: true, reads: true },
  ],
  files: { 'app.jar': artifact },
  origins: ({ mavenUrl }) => ({ main: new URL(mavenUrl).origin, side: new URL(mavenUrl).origin }),
  environment: ({ mavenUrl }, origin) => ({
    TYPE: 'maven',
    USERNAME: tokens.packagesUser,
    TOKEN: tokens.packagesToken,
    REGISTRY: origin + new URL(mavenUrl).pathname,
    FILENAME: 'app.jar',
    ...arrayVariables('EXTRA_ARGS', ['--concurrency', '1']),
  }),
  seed(sandbox) {
    for (const extension of ['jar', 'pom']) sandbox.maven.put(`${directory}/0.9/app-0.9.${extension}`, extension);
    sandbox.maven.put(metadataPath, former);
  },
  async find({ maven: { files } }) {
    const problems: string[] = [];
    const missing: string[] = [];
    for (const [path, expected] of Object.entries(published)) {
      const found = files.get(path);
      if (found === undefined) missing.push(path);
      else if (!(await found.content()).equals(expected)) problems.push(`${path} is broken`);
    }
    for (const path of [metadataPath, ...Object.keys(published)]) problems.push(...(await wrongChecksums(files, path)));
    const listed = (await files.get(metadataPath)?.content())?.toString() ?? '';
    if (!listed.includes('<version>0.9</version>')) problems.push('0.9 is no longer listed');
    const isListed = listed.includes('<version>1.0</version>');
    if (isListed) problems.push(...missing.map((path) => `1.0 is listed without ${path}`));
    const isNothing = missing.length === Object.keys(published).length;
    return { stored: isListed ? 'all' : isNothing ? 'nothing' : 'part', problems };
  },
};

async function wrongChecksums(files: Sandbox['maven']['files'], path: string): Promise<readonly string[]> {
  const found = files.get(path);
  const wrong: string[] = [];
  for (const kind of checksumKinds) {
    const checksum = await files.get(`${path}.${kind}`)?.content();
    if (found !== undefined && checksum !== undefined && checksum.toString() !== found.checksums[kind])
      wrong.push(`${path}.${kind} is wrong`);
  }
  return wrong;
}
