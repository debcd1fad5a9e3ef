import { expect, it } from '@jest/globals';
import { readSettings } from '../../pipe/read-settings.ts';

const account = { USERNAME: 'u', TOKEN: 'a token of any kind' };

it.each([
  ['npm', 'http://npm.lan/acme/', { FILENAME: '*.tgz' }],
  ['maven', 'http://maven.lan/acme/', { FILENAME: '*.jar', GAV: 'com.acme:app:1.0' }],
  ['pypi', 'http://pypi.lan/acme', { FILENAME: 'dist/*' }],
  ['octopus', 'http://octopus.lan/', { FILENAME: 'app.1.0.zip', TOKEN: 'API-ABCDEFGHIJKLMNOP' }],
  ['image', 'http://registry.lan/', { IMAGE: 'acme/app:1.0' }],
])('%s: plain http to another host is for those who ask for it', async (type, REGISTRY, env) => {
  const variables = { TYPE: type, REGISTRY, ...account, ...env };
  await expect(readSettings(variables)).rejects.toThrow(/REGISTRY:.*plain http.*--plain-http/s);
  const settings = await readSettings({ ...variables, EXTRA_ARGS: '--plain-http' });
  expect(settings).toMatchObject({ registry: expect.objectContaining({ href: REGISTRY }) });
});
