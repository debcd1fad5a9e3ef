/** Reads SBOMs, and validates them by CycloneDX's published schema. */

import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import Ajv from 'ajv';

export interface Component {
  readonly type: string;
  readonly name: string;
  readonly version?: string;
  readonly purl?: string;
  readonly 'bom-ref'?: string;
  readonly hashes?: readonly { readonly alg: string; readonly content: string }[];
  readonly licenses?: readonly { readonly expression: string }[];
  readonly components?: readonly Component[];
}

export interface Sbom {
  readonly metadata: { readonly timestamp?: string; readonly component: Component };
  readonly components: readonly Component[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
}

const schemas = join(dirname(require.resolve('@cyclonedx/cyclonedx-library/package.json')), 'res', 'schema');
const schema = (name: string): object =>
  JSON.parse(readFileSync(join(schemas, `${name}.SNAPSHOT.schema.json`), 'utf8')) as object;

/** The schema's errors; `No errors` if it is valid. */
export function sbomProblems(sbom: unknown): string {
  // The schema has keywords and formats that ajv does not know.
  const formats = { 'date-time': true, 'idn-email': true, 'iri-reference': true, uri: true } as const;
  const ajv = new Ajv({ strict: false, allErrors: true, formats });
  // The library calls its copies of the schemas snapshots, and refers to them by that name, but their ids are the published ones.
  for (const name of ['spdx', 'jsf-0.82'])
    ajv.addSchema(schema(name), `http://cyclonedx.org/schema/${name}.SNAPSHOT.schema.json`);
  const validate = ajv.compile(schema('bom-1.6'));
  validate(sbom);
  return ajv.errorsText(validate.errors);
}

/** The references of all components that the described one depends on, directly or not. */
export function reachableFrom({ metadata, dependencies }: Sbom): ReadonlySet<string> {
  const found = new Set<string>();
  const visit = (reference: string | undefined): void => {
    for (const each of dependencies.find(({ ref }) => ref === reference)?.dependsOn ?? []) {
      if (found.has(each)) continue;
      found.add(each);
      visit(each);
    }
  };
  visit(metadata.component['bom-ref']);
  return found;
}
