/**
 * Finds out which layer a directory of an old `docker save` archive holds, before its layer.tar comes by.
 *
 * Up to Docker 24, layers lie in directories named by the IDs of Docker 1.9, in no order. But each ID is the digest of
 * what stands in the directory's own `json`, together with the layer's chain ID and the parent's ID; with the chain IDs
 * known from the config, the right one proves itself. Without this, every layer would have to be hashed, and so read to
 * its end, before it is known whether the registry has it already.
 *
 * @see https://github.com/moby/moby/blob/v24.0.9/image/v1/imagev1.go, `CreateID`
 */

import { digestOf } from '../descriptors.ts';

/** `sha256:…` of each layer together with all those below it (image-spec, config.md, "Layer ChainID"). */
export function chainIdsOf(diffIds: readonly string[]): readonly string[] {
  const chainIds: string[] = [];
  for (const diffId of diffIds) {
    const below = chainIds.at(-1);
    chainIds.push(below === undefined ? diffId : digestOf(Buffer.from(`${below} ${diffId}`)));
  }
  return chainIds;
}

/**
 * @param id the directory's name: 64 hexadecimal digits
 * @param json what the directory's `json` holds
 * @returns the layer's place, or undefined where nothing fits
 */
export function findLegacyLayer(id: string, json: string, chainIds: readonly string[]): number | undefined {
  const members = membersOf(json);
  if (members === undefined) return undefined;
  const parent = /^"([0-9a-f]{64})"$/.exec(members.get('parent') ?? '')?.[1];
  members.delete('id');
  members.delete('parent');
  if (parent !== undefined) members.set('parent', `"sha256:${parent}"`);
  // For all but the top layer, `os` was added after the ID had been made.
  const withoutOs = new Map([...members].filter(([key]) => key !== 'os'));
  const index = chainIds.findIndex((chainId) =>
    [members, withoutOs].some((fields) => {
      // As Go writes a map: sorted, without spaces.
      const all = [...fields, ['layer_id', `"${chainId}"`] as const].sort(([a], [b]) => (a < b ? -1 : 1));
      const text = `{${all.map(([key, value]) => `${JSON.stringify(key)}:${value}`).join(',')}}`;
      return digestOf(Buffer.from(text)) === `sha256:${id}`;
    }),
  );
  return index === -1 ? undefined : index;
}

/** The members of a JSON object, each value as it is written: parsed and written again, it could differ. */
function membersOf(json: string): Map<string, string> | undefined {
  const members = new Map<string, string>();
  let depth = 0;
  let key: string | undefined;
  let valueStart = 0;
  let textStart: number | undefined;
  for (let index = 0; index < json.length; index++) {
    const character = json[index];
    if (textStart !== undefined) {
      if (character === '\\') index++;
      else if (character === '"') {
        if (depth === 1) key ??= json.slice(textStart, index);
        textStart = undefined;
      }
    } else if (character === '"') textStart = index + 1;
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
