/** Reads the coordinates of a POM, and resolves the properties in them. */

import { InputError } from '../../errors.ts';
import { printable } from '../../toolkit/stdout.ts';
import { type Coordinates, coordinateProblems } from './coordinates.ts';
import { childOf, childText, type Element, parseElement, XmlError } from './xml.ts';

/** What the pipe reads from a POM. */
export interface Pom extends Coordinates {
  readonly packaging: string;
}

/** Enough for nested properties, and a limit for values that grow with each round. */
const maxRounds = 20;
const maxCharacters = 1000;

/**
 * Reads a POM. As in Maven's model, groupId and version default to the parent's.
 *
 * @param where the POM, for messages
 * @throws InputError if it is not a POM, or its coordinates are not valid
 * @see https://maven.apache.org/pom.html "Maven Coordinates", "Inheritance", "Properties"
 */
export function readPom(bytes: Uint8Array, where: string): Pom {
  const project = parseProject(bytes, where);
  const problems: string[] = [];
  const read = (name: 'groupId' | 'artifactId' | 'version', own: string | undefined): string => {
    if (own === undefined) {
      problems.push(name === 'artifactId' ? 'it has no artifactId' : `neither it nor its parent has a ${name}`);
      return '';
    }
    const resolved = resolveProperties(own, (property) => propertyOf(project, property));
    if ('problem' in resolved) problems.push(`${name} ${printable(own)}: ${resolved.problem}`);
    return 'value' in resolved ? resolved.value : '';
  };
  const coordinates = {
    groupId: read('groupId', inherited(project, 'groupId')),
    artifactId: read('artifactId', childText(project, 'artifactId')),
    version: read('version', inherited(project, 'version')),
  };
  if (problems.length === 0) problems.push(...coordinateProblems(coordinates));
  if (problems.length > 0) throw new InputError(`${where} does not have valid coordinates: ${problems.join('; ')}`);
  return { ...coordinates, packaging: childText(project, 'packaging') ?? 'jar' };
}

function parseProject(bytes: Uint8Array, where: string): Element {
  let root: Element;
  try {
    root = parseElement(bytes, 'lenient');
  } catch (error) {
    if (error instanceof XmlError) throw new InputError(`${where} is not a POM: ${error.message}`, { cause: error });
    throw error;
  }
  if (root.name !== 'project')
    throw new InputError(`${where} is not a POM: its root element is <${printable(root.name)}>, not <project>`);
  return root;
}

function inherited(project: Element, name: string): string | undefined {
  return childText(project, name) ?? childText(childOf(project, 'parent'), name);
}

/**
 * Looks in `project.…` (formerly `pom.…`), then in the POM's own `<properties>`, then in the project again for a name
 * without a prefix: Maven's order (AbstractStringBasedModelInterpolator).
 */
function propertyOf(project: Element, property: string): string | undefined {
  const [, prefixed] = /^(?:project|pom)\.(.*)$/.exec(property) ?? [];
  if (prefixed !== undefined) return ofProject(project, prefixed) ?? ofProperties(project, property);
  return ofProperties(project, property) ?? ofProject(project, property);
}

function ofProperties(project: Element, property: string): string | undefined {
  // An empty property is a value: ${changelist} is usually empty.
  return childOf(childOf(project, 'properties'), property)?.text;
}

function ofProject(project: Element, field: string): string | undefined {
  if (field === 'packaging') return childText(project, field) ?? 'jar';
  const [, parent, name] = /^(parent\.)?(groupId|artifactId|version)$/.exec(field) ?? [];
  if (name === undefined) return undefined;
  return parent === undefined ? inherited(project, name) : childText(childOf(project, 'parent'), name);
}

function resolveProperties(
  value: string,
  lookUp: (property: string) => string | undefined,
): { readonly value: string } | { readonly problem: string } {
  let current = value;
  for (let round = 0; round < maxRounds && current.length <= maxCharacters; round++) {
    const properties = [...current.matchAll(/\$\{([^${}]*)\}/g)].map(([, property = '']) => property);
    if (properties.length === 0) return { value: current };
    const unknown = properties.find((property) => lookUp(property) === undefined);
    if (unknown !== undefined) {
      return {
        problem: `the property ${printable(unknown)} is not defined in this POM. Flatten the POM in the build (flatten-maven-plugin); --pom FILE names it, if FILENAME is one artifact`,
      };
    }
    current = current.replaceAll(/\$\{([^${}]*)\}/g, (_, property: string) => lookUp(property) ?? '');
  }
  return { problem: 'its properties refer to themselves' };
}
