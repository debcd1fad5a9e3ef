/** POMs and jars as builds produce them. */
import { zip, type ZipMember } from '../../archive/zip-writer.ts';

export interface PomFields {
  readonly groupId?: string;
  readonly artifactId?: string;
  readonly version?: string;
  readonly packaging?: string;
  /** Further XML in the project, after the coordinates. */
  readonly more?: string;
}

export const acme = { groupId: 'com.acme', artifactId: 'app', version: '1.0' } as const;

export function pomText({ packaging, more = '', ...coordinates }: PomFields = acme): string {
  const fields = Object.entries({ ...coordinates, packaging }).filter(([, value]) => value !== undefined);
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<project xmlns="http://maven.apache.org/POM/4.0.0">',
    '  <modelVersion>4.0.0</modelVersion>',
    ...fields.map(([name, value]) => `  <${name}>${value}</${name}>`),
    ...(more === '' ? [] : [more]),
    '</project>',
    '',
  ].join('\n');
}

/** A jar that contains its POM, as Maven builds it. */
export function jar(pom: PomFields | undefined = acme, members: readonly ZipMember[] = []): Buffer {
  return zip([
    { name: 'META-INF/MANIFEST.MF', content: 'Manifest-Version: 1.0\n' },
    { name: 'com/acme/App.class', content: `class ${pom.version}` },
    { name: `META-INF/maven/${pom.groupId ?? acme.groupId}/${pom.artifactId}/pom.xml`, content: pomText(pom) },
    ...members,
  ]);
}

/** A jar without a POM. */
export function plainJar(content: Buffer | string = 'class'): Buffer {
  return zip([{ name: 'com/acme/App.class', content }]);
}

export interface DescriptorFields {
  readonly groupId?: string;
  readonly artifactId?: string;
  readonly name?: string;
  readonly goalPrefix?: string;
  /** Further XML, after these elements. */
  readonly more?: string;
}

/** A plugin's descriptor, as maven-plugin-plugin writes it, without empty fields. */
export function descriptor(fields: DescriptorFields = {}): string {
  const { more = '', ...values } = { ...acme, name: 'Acme Plugin', goalPrefix: 'acme', ...fields };
  const named = ['name', 'groupId', 'artifactId', 'goalPrefix'] as const;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<plugin>',
    ...named
      .filter((name) => values[name] !== '')
      .map((name) => `  <${name}>${values[name].replaceAll('&', '&amp;')}</${name}>`),
    ...(more === '' ? [] : [more]),
    '</plugin>',
    '',
  ].join('\n');
}

/** A Maven plugin's jar, with a POM in it if given. */
export function pluginJar(descriptorText: string, pom?: PomFields): Buffer {
  const plugin = { name: 'META-INF/maven/plugin.xml', content: descriptorText };
  return pom === undefined ? zip([plugin]) : jar(pom, [plugin]);
}
