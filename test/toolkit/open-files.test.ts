import { expect, it } from '@jest/globals';
import { openPatiently, OpenFilesError } from '../../pipe/toolkit/open-files.ts';

/** Fails with the code as often as that, and then succeeds. */
function failing(
  code: string,
  times: number,
): { readonly open: () => Promise<string>; readonly attempts: () => number } {
  let attempts = 0;
  return {
    open: async () => {
      if (++attempts <= times) throw Object.assign(new Error(code), { code });
      return await Promise.resolve('open');
    },
    attempts: () => attempts,
  };
}

it.each(['EMFILE', 'ENFILE'])('waits for %s to pass', async (code) => {
  const { open, attempts } = failing(code, 2);
  expect(await openPatiently('a.txt', open)).toBe('open');
  expect(attempts()).toBe(3);
});

it('gives up after three seconds', async () => {
  const { open, attempts } = failing('EMFILE', Infinity);
  const startedAt = performance.now();
  const opening = openPatiently('a.txt', open);
  await expect(opening).rejects.toThrow(OpenFilesError);
  await expect(opening).rejects.toThrow(
    'a.txt cannot be opened, because too many files are open (EMFILE): lower --conc',
  );
  expect(attempts()).toBe(7);
  // Timers may be a millisecond early.
  expect(performance.now() - startedAt).toBeGreaterThan(3_000);
});

it('throws another failure at once', async () => {
  const { open, attempts } = failing('EACCES', 1);
  await expect(openPatiently('a.txt', open)).rejects.toThrow('EACCES');
  expect(attempts()).toBe(1);
});
