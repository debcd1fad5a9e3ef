import { expect, it } from '@jest/globals';
import { InputError } from '../../pipe/errors.ts';
import { whenFilesMayOpen } from '../../pipe/io/when-files-may-open.ts';

/** Fails with each code in turn, then succeeds. */
function failing(...codes: readonly string[]): () => Promise<string> {
  const left = [...codes];
  return async () => {
    const code = left.shift();
    return await (code === undefined
      ? Promise.resolve('open')
      : Promise.reject(Object.assign(new Error(code), { code })));
  };
}

it('tries again while too many files are open', async () => {
  expect(await whenFilesMayOpen('a', failing('EMFILE', 'ENFILE'))).toBe('open');
});

it('passes other failures on at once', async () => {
  await expect(whenFilesMayOpen('a', failing('EACCES'))).rejects.toMatchObject({ code: 'EACCES' });
});

it('gives up in the end, with what to do', async () => {
  const opening = whenFilesMayOpen('a.txt', failing(...Array.from({ length: 20 }, () => 'ENFILE')));
  await expect(opening).rejects.toThrow(InputError);
  await expect(opening).rejects.toThrow(
    'a.txt cannot be opened, because too many files are open (ENFILE): lower --conc',
  );
});
