/** Identifies the layer in a directory of an old `docker save` archive before its content is read. */

import { digestOf } from '../descriptors.ts';

/** The chain ID of each layer: `sha256:…`, the digest of the layer and all layers below it (image-spec, config.md, "Layer ChainID"). */
export function chainIdsOf(diffIds: readonly string[]): readonly string[] {
  const chainIds: string[] = [];
  for (const diffId of diffIds) {
    const below = chainIds.at(-1);
    chainIds.push(below === undefined ? diffId : digestOf(Buffer.from(`${below} ${diffId}`)));
  }
  return chainIds;
}

/**
 * Finds the layer of a directory.
 *
 * Up to Docker 24, the directories are named by the layer IDs of Docker 1.9, in no order. Each ID is the digest of the
 * directory's own `json`, the layer's chain ID and its parent's ID. The chain IDs are known from the config, so trying them
 * finds the right one. Otherwise, every layer would have to be read and hashed before it is known whether the registry
 * already has it.
 *
 * @param id the directory's name: 64 hexadecimal digits
 * @param json content of the directory's `json`
 * @returns the layer's index, or undefined if no chain ID matches
 * @see https://github.com/moby/moby/blob/v24.0.9/image/v1/imagev1.go, `CreateID`
 */
export function findLegacyLayer(id: string, json: string, chainIds: readonly string[]): number | undefined {
  const members = membersOf(json);
  if (members === undefined) return undefined;
  const parent = /^"([0-9a-f]{64})"$/.exec(members.get('parent') ?? '')?.[1];
  members.delete('id');
  members.delete('parent');
  if (parent !== undefined) members.set('parent', `"sha256:${parent}"`);
  // For all layers except the top one, Docker adds `os` after computing the ID.
  const withoutOs = new Map([...members].filter(([key]) => key !== 'os'));
  const index = chainIds.findIndex((chainId) =>
    [members, withoutOs].some((fields) => {
      // As Go serializes a map: sorted, without spaces.
      const all = [...fields, ['layer_id', `"${chainId}"`] as const].sort(([a], [b]) => (a < b ? -1 : 1));
      const text = `{${all.map(([key, value]) => `${JSON.stringify(key)}:${value}`).join(',')}}`;
      return digestOf(Buffer.from(text)) === `sha256:${id}`;
    }),
  );
  return index === -1 ? undefined : index;
}

/** The members of a JSON object, with the original text of each value: parsing and serializing could change it. */
function membersOf(json: string): Map<string, string> | undefined {
  const members = new Map<string, string>();
  let depth = 0;
  let key: string | undefined;
  let valueStart = 0;
  let stringStart: number | undefined;
  for (let index = 0; index < json.length; index++) {
    const character = json[index];
    if (stringStart !== undefined) {
      if (character === '\\') index++;
      else if (character === '"') {
        if (depth === 1) key ??= json.slice(stringStart, index);
        stringStart = undefined;
      }
    } else if (character === '"') stringStart = index + 1;
    else if (character === ':') {
      if (depth === 1) valueStart = index + 1;
    } else if (character === '{' || character === '[') depth++;
    else if (character === ',' || character === '}' || character === ']') {
      if (depth === 1 && key !== undefined) members.set(key, json.slice(valueStart, index).trim());
      if (depth === 1) key = undefined;
      if (character !== ',') depth--;
    }
  }
  return depth === 0 && members.size > 0 ? members : undefined;
}
