/** Compares what the demo published with what it was to publish. */

import { jar } from '../destinations/maven/artifacts.ts';
import { createSha256 } from '../../pipe/io/hashes.ts';
import { sdistName, wheelName } from '../destinations/pypi/packages.ts';
import type { Sandbox } from './sandbox.ts';

/** A comparison, in words, and what differs. */
export interface Check {
  readonly what: string;
  readonly problems: readonly string[];
}

/** The coordinates of the demo's Maven artifact. */
export const coordinates = { groupId: 'com.acme', artifactId: 'app', version: '1.0' } as const;

/** The demo's Python package. */
export const release = { name: 'acme-app', version: '1.0.0' } as const;

/** Compares everything in the sandbox. @param bundle the file that was uploaded under two names */
export async function checkDemo(sandbox: Sandbox, bundle: Buffer): Promise<readonly Check[]> {
  const { downloads, registry, npm, maven, octopus, pypi, requests } = sandbox;
  const sha256 = createSha256();
  sha256.update(bundle);
  const sent = sha256.digest();
  const sums = (await downloads.get('SHA256SUMS')?.content())?.toString() ?? '';
  const repository = registry.repositories.get('acme/app');
  const tags = ['1.0', 'latest', '1.1'];
  const pulled = await Promise.all(tags.map((tag) => registry.pullProblems('acme/app', tag)));
  const blobs = [...(repository?.blobs.values() ?? [])];
  const packages = ['@acme/pipe', '@acme/docs'];
  const installed = await Promise.all(packages.map((name) => npm.installProblems(name, '1.0.0')));
  const puts = requests.filter(({ server, method }) => server === 'npm' && method === 'PUT');
  const landed = await maven.files.get('com/acme/app/1.0/app-1.0.jar')?.content();
  const packed = await octopus.packages.get('acme.web.1.0.0.1')?.content.read();
  const files = pypi.projects.get(release.name);
  const names = [wheelName(release), sdistName(release)];
  const wrong = names.filter((name) => {
    const { content, fields } = files?.get(name) ?? {};
    return content === undefined || new Map(fields).get('sha256_digest') !== content.sha256;
  });
  return [
    {
      what: 'pipe.js and nightly-2.js have the SHA-256 of the file that was sent, and SHA256SUMS lists it',
      problems: [
        ...['pipe.js', 'nightly-2.js'].filter((name) => downloads.get(name)?.sha256 !== sent),
        ...(sums.includes(`${sent}  pipe.js\n`) ? [] : ['SHA256SUMS']),
      ],
    },
    {
      what: `acme/app:${tags.join(', :')} were pulled: each layer, config and manifest has its digest, each was sent once`,
      problems: [...pulled.flat(), ...blobs.filter(({ uploads }) => uploads !== 1).map(() => 'a layer was sent again')],
    },
    {
      what: `${packages.join(' and ')} were installed, with their integrity, although a connection broke`,
      problems: [...installed.flat(), ...(puts.length === 2 ? [] : ['a package was sent twice'])],
    },
    {
      what: 'app-1.0.jar is equal byte for byte, and the Maven repository has its POM, metadata and checksums',
      // An artifact, a POM and metadata; four checksums of each.
      problems: [
        ...(landed?.equals(jar(coordinates)) === true ? [] : ['app-1.0.jar']),
        ...(maven.files.size === 15 ? [] : [`${maven.files.size} files`]),
      ],
    },
    {
      what: 'Acme.Web.1.0.0.1.zip has pipe.js, and came with the SHA-1 that the Octopus server has',
      problems: packed?.includes('pipe.js') === true ? [] : ['Acme.Web.1.0.0.1.zip'],
    },
    { what: `${names.join(' and ')} have the SHA-256 in the fields that came with them`, problems: wrong },
    { what: `no rule of a protocol was broken in ${requests.length} requests`, problems: sandbox.violations },
  ];
}
