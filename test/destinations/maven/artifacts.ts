/** POMs and jars as builds leave them. */
import { zip, type ZipMember } from '../../archive/zip-writer.ts';

export interface PomFields {
  readonly groupId?: string;
  readonly artifactId?: string;
  readonly version?: string;
  readonly packaging?: string;
  /** XML in the project, after the coordinates. */
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

/** A jar with a POM inside, as Maven packs it. */
export function jar(pom: PomFields | undefined = acme, members: readonly ZipMember[] = []): Buffer {
  return zip([
    { name: 'META-INF/MANIFEST.MF', content: 'Manifest-Version: 1.0\n' },
    { name: 'com/acme/App.class', content: `class ${pom.version}` },
    { name: `META-INF/maven/${pom.groupId ?? acme.groupId}/${pom.artifactId}/pom.xml`, content: pomText(pom) },
    ...members,
  ]);
}

/** A jar without one. */
export function plainJar(content: Buffer | string = 'class'): Buffer {
  return zip([{ name: 'com/acme/App.class', content }]);
}

export interface DescriptorFields {
  readonly groupId?: string;
  readonly artifactId?: string;
  readonly name?: string;
  readonly goalPrefix?: string;
  /** XML in it, after all that. */
  readonly more?: string;
}

/** A plugin's descriptor, as maven-plugin-plugin writes it; what is empty is left out. */
export function descriptor(fields: DescriptorFields = {}): string {
  const { more = '', ...texts } = { ...acme, name: 'Acme Plugin', goalPrefix: 'acme', ...fields };
  const named = ['name', 'groupId', 'artifactId', 'goalPrefix'] as const;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<plugin>',
    ...named
      .filter((name) => texts[name] !== '')
      .map((name) => `  <${name}>${texts[name].replaceAll('&', '&amp;')}</${name}>`),
    ...(more === '' ? [] : [more]),
    '</plugin>',
    '',
  ].join('\n');
}

/** A Maven plugin's jar; with a POM inside if that is given. */
export function pluginJar(descriptorText: string, pom?: PomFields): Buffer {
  const plugin = { name: 'META-INF/maven/plugin.xml', content: descriptorText };
  return pom === undefined ? zip([plugin]) : jar(pom, [plugin]);
}
