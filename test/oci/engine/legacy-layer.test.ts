import { expect, it } from '@jest/globals';
import { chainIdsOf, findLegacyLayer } from '../../../pipe/oci/engine/legacy-layer.ts';

/** An image built and saved by Docker Engine 20.10.24. */
const diffIds = [
  'sha256:418705d953b7162bc8d8277394625d38da7050403eb39dc7b5ad6b7c6f9c9227',
  'sha256:31b73ad463e41a02477e94c2ab9184eb000ab982a28fb960d34ec74ec8dc866d',
  'sha256:0b877064f2dd756ffb8024fc59aa400d81b77905e3d3901f3bf3ee0a48acd844',
  'sha256:418705d953b7162bc8d8277394625d38da7050403eb39dc7b5ad6b7c6f9c9227',
  'sha256:97191bae1fae2205f7614e4053288aa2b0231c53bf6d0094d18a2106c77253b9',
];
const empty =
  '{"Hostname":"","Domainname":"","User":"","AttachStdin":false,"AttachStdout":false,"AttachStderr":false,"Tty":false,"OpenStdin":false,"StdinOnce":false,"Env":null,"Cmd":null,"Image":"","Volumes":null,"WorkingDir":"","Entrypoint":null,"OnBuild":null,"Labels":null}';
const ids = [
  '5d1ff5104686778dc45635af83c1ef51f7206db0386e3c3d1ae4e63aed30e79c',
  '7d00db5f5034c4caf9e3329a3e78b70959fd40b7abfd7ec4eae0d08e14ddaa9c',
  'b8cc5a8c4d1df900f3e0798cecbd36795ff0cd74701d7121d69da51d0c2a9eb0',
  'ca545a6afe688f2a165ecf66c2081b8df37652024f2be451b7fc3e8689d64fc9',
  '59f3edcc2ada68ad657b612e19dd7a27416b867df680fac62d4326f5399f841b',
];
const below = (id: string, parent?: string): string =>
  `{"id":"${id}",${parent === undefined ? '' : `"parent":"${parent}",`}"created":"1970-01-01T00:00:00Z","container_config":${empty},"os":"linux"}`;
const top = String.raw`{"id":"59f3edcc2ada68ad657b612e19dd7a27416b867df680fac62d4326f5399f841b","parent":"ca545a6afe688f2a165ecf66c2081b8df37652024f2be451b7fc3e8689d64fc9","created":"2026-11-21T04:27:22.991919325Z","container":"464e503ede3a4377e965108bcd30965b20c48cfbab32f880860962a674791de9","container_config":{"Hostname":"464e503ede3a","Domainname":"","User":"","AttachStdin":false,"AttachStdout":false,"AttachStderr":false,"Tty":false,"OpenStdin":false,"StdinOnce":false,"Env":["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin","X=\u003c\u0026\u003e"],"Cmd":["/bin/sh","-c","#(nop) ","LABEL é=ü \\u2028 x"],"Image":"sha256:b5ba771632aa043ffb44048cf65c96b6229e0f2ae24f4f506cc93dcaa26f77a9","Volumes":null,"WorkingDir":"","Entrypoint":null,"OnBuild":null,"Labels":{"é":"ü \\u2028 x"}},"docker_version":"20.10.24+dfsg1","config":{"Hostname":"","Domainname":"","User":"","AttachStdin":false,"AttachStdout":false,"AttachStderr":false,"Tty":false,"OpenStdin":false,"StdinOnce":false,"Env":["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin","X=\u003c\u0026\u003e"],"Cmd":null,"Image":"sha256:b5ba771632aa043ffb44048cf65c96b6229e0f2ae24f4f506cc93dcaa26f77a9","Volumes":null,"WorkingDir":"","Entrypoint":null,"OnBuild":null,"Labels":{"é":"ü \\u2028 x"}},"architecture":"amd64","os":"linux"}`;
const chainIds = chainIdsOf(diffIds);

it('finds every layer of a real image, including repeated ones', () => {
  const documents = [...ids.slice(0, 4).map((id, index) => below(id, ids[index - 1])), top];
  expect(documents.map((json, index) => findLegacyLayer(ids[index] ?? '', json, chainIds))).toEqual([0, 1, 2, 3, 4]);
});

it.each<[string, string, string, readonly string[]]>([
  ['another directory', ids[1] ?? '', below(ids[0] ?? ''), chainIds],
  ['another image', ids[0] ?? '', below(ids[0] ?? ''), chainIdsOf(diffIds.toReversed().slice(0, 1))],
  ['no layers', ids[0] ?? '', below(ids[0] ?? ''), []],
  ['another parent', ids[4] ?? '', top.replace('"parent":"ca', '"parent":"cb'), chainIds],
  ['other JSON', ids[0] ?? '', '[{"id":1}]', chainIds],
  ['an open brace', ids[0] ?? '', '{"id":1', chainIds],
  ['nothing', ids[0] ?? '', '', chainIds],
  ['not JSON', ids[0] ?? '', '}}":,"{', chainIds],
])('finds nothing: %s', (_, id, json, chains) => {
  expect(findLegacyLayer(id, json, chains)).toBeUndefined();
});
