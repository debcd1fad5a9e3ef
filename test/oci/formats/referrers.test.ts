import { expect, it } from '@jest/globals';
import { InputError } from '../../../pipe/errors.ts';
import { asReferrer } from '../../../pipe/oci/formats/referrers.ts';
import type { Source } from '../../../pipe/oci/sources/source.ts';

const descriptor = {
  mediaType: 'application/vnd.oci.image.manifest.v1+json',
  digest: `sha256:${'0'.repeat(64)}`,
  size: 2,
} as const;

function failing(failure: Error): Source {
  const find = (): never => {
    throw failure;
  };
  const close = async (): Promise<void> => await Promise.resolve();
  return {
    name: 'image',
    kind: 'directory',
    isForwardOnly: false,
    find,
    earlier: () => [],
    paths: () => [],
    hint: '',
    close,
  };
}

it('a manifest that is damaged does not matter here, but a failure to read does', async () => {
  expect(await asReferrer(failing(new InputError('damaged')), descriptor)).toBeUndefined();
  await expect(asReferrer(failing(new Error('the disk is broken')), descriptor)).rejects.toThrow('the disk is broken');
});
