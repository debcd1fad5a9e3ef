/** Many steps publish images at once to real registries, which are then asked what they hold. */

import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { tar } from '../archive/tar/tar-writer.ts';
import { type DebianRegistry, startDebianRegistry } from '../integration/debian-registry.ts';
import { toolPath } from '../integration/image-tools.ts';
import { layer } from '../oci/fixtures.ts';
import { noise, writeLayout } from '../oci/registry/images.ts';
import type { Variables } from '../run-bundle.ts';
import { describeIf } from '../skip-unless.ts';
import { pull } from './pull.ts';
import { type Relay, startRelay } from './relay.ts';
import { runSteps, stepCount } from './run-steps.ts';

/** Of each common layer: `STEPS=20 LAYER_BYTES=11000000` for layers that take longer than a step's start. */
const layerBytes = Number(process.env['LAYER_BYTES'] ?? 2_400_000);

const registries = [
  ['docker-registry', 'docker-registry', true],
  ['distribution 3', toolPath('registry'), existsSync(toolPath('registry'))],
] as const;

for (const [name, program, isInstalled] of registries)
  describeIf(isInstalled, 'IMAGE_TOOLS has no registry')(name, () => {
    let directory = '';
    let registry: DebianRegistry | undefined;
    let relay: Relay | undefined;
    let repository = '';

    beforeEach(async () => {
      directory = await mkdtemp(join(tmpdir(), 'pipe-steps-'));
      registry = await startDebianRegistry(join(directory, 'registry'), { program });
      relay = await startRelay(registry.host);
      repository = `${registry.host}/acme/app`;
    });
    afterEach(async () => {
      await relay?.close();
      await registry?.close();
      await rm(directory, { recursive: true });
    });

    const variables = (tag: string, more: Variables): Variables => ({
      TYPE: 'image',
      REGISTRY: relay?.host ?? '',
      IMAGE: `acme/app:${tag}`,
      ...more,
    });

    it('stores all images, and their common layers are sent a few times only', async () => {
      const shared = ['a', 'b', 'c', 'd', 'e'].map((each) => tar([{ name: each, content: noise(layerBytes) }]));
      const ended = await runSteps(directory, async (step) => {
        const FILENAME = await writeLayout(step, [...shared, layer(`of step ${step.index}`, 5000)]);
        return variables(`v${step.index}`, { FILENAME });
      });
      expect(ended.map(({ exitCode, output }) => (exitCode === 0 ? '' : output))).toEqual(ended.map(() => ''));
      for (const index of ended.keys()) expect(await pull(repository, `v${index}`)).toMatchObject({ problems: [] });
      const sharedBytes = shared.reduce((sum, { length }) => sum + length, 0);
      expect(await storedBytes(join(directory, 'registry/content/docker/registry/v2/blobs'))).toBeLessThan(
        1.05 * sharedBytes + 20_000 * stepCount,
      );
      // A step may send one of them before it can know of the others.
      expect(relay?.sentBytes).toBeLessThan(0.6 * stepCount * sharedBytes);
    });

    it('mounts the layers of a base that a first step has published into the repositories of the others', async () => {
      const shared = ['a', 'b', 'c'].map((each) => tar([{ name: each, content: noise(1_000_000) }]));
      const publish = async (name: string, layers: readonly Buffer[], own: string): Promise<Variables> => ({
        ...variables('1', { FILENAME: await writeLayout({ directory: own }, layers) }),
        IMAGE: `acme/${name}:1`,
      });
      await runSteps(directory, async (step) => await publish('base', shared, step.directory), { count: 1 });
      const baseBytes = relay?.sentBytes ?? 0;
      const ended = await runSteps(directory, async ({ index, directory: own }) => ({
        ...(await publish(`service${index}`, [...shared, layer(`of step ${index}`, 5000)], own)),
        EXTRA_ARGS: "['--reuse', 'acme/base:1']",
      }));
      expect(ended.map(({ exitCode, output }) => (exitCode === 0 ? '' : output))).toEqual(ended.map(() => ''));
      for (const index of ended.keys())
        expect(await pull(`${registry?.host}/acme/service${index}`, '1')).toMatchObject({ problems: [] });
      expect((relay?.sentBytes ?? Infinity) - baseBytes).toBeLessThan(100_000 * stepCount);
    });

    it('gets the common layers of all images of one run once', async () => {
      const shared = ['a', 'b', 'c'].map((each) => tar([{ name: each, content: noise(1_000_000) }]));
      const [one] = await runSteps(
        directory,
        async ({ directory: own }) => {
          const names = Array.from({ length: stepCount }, (_, index) => `acme/service${index}:1`);
          const files = names.map((name, index) =>
            writeLayout({ directory: own }, [...shared, layer(`of ${name}`, 5000)], `layout${index}`),
          );
          const [IMAGE, FILENAME] = [JSON.stringify(names), JSON.stringify(await Promise.all(files))];
          return { ...variables('1', {}), IMAGE, FILENAME };
        },
        { count: 1 },
      );
      expect({ ...one, output: one?.exitCode === 0 ? '' : one?.output }).toMatchObject({ exitCode: 0, output: '' });
      for (let index = 0; index < stepCount; index++)
        expect(await pull(`${registry?.host}/acme/service${index}`, '1')).toMatchObject({ problems: [] });
      expect(relay?.sentBytes).toBeLessThan(3_200_000 + 100_000 * stepCount);
    });

    it('holds the tag of the last one of them, and the images of all by digest', async () => {
      const ended = await runSteps(directory, async (step) => {
        const FILENAME = await writeLayout(step, [layer('common', 3000), layer(`of step ${step.index}`, 500)]);
        return variables('latest', { FILENAME });
      });
      expect(ended.map(({ exitCode, output }) => (exitCode === 0 ? '' : output))).toEqual(ended.map(() => ''));
      const digests = ended.map(({ output }) => /^ {2}\S+@(sha256:\w+)$/m.exec(output)?.[1] ?? '');
      expect(new Set(digests).size).toBe(stepCount);
      for (const digest of digests) expect(await pull(repository, digest)).toEqual({ digest, problems: [] });
      const { digest: last = '' } = await pull(repository, 'latest');
      expect(digests).toContain(last);
      expect(ended[digests.indexOf(last)]?.output).not.toContain('something else has published it');
    });

    it('holds complete indexes if the joined tags move meanwhile', async () => {
      const architectures = ['amd64', 'arm64'];
      await runSteps(directory, async (step) => variables('amd64', await movedTag(step.directory, 'amd64', 'first')), {
        count: 1,
      });
      await runSteps(directory, async (step) => variables('arm64', await movedTag(step.directory, 'arm64', 'first')), {
        count: 1,
      });
      const ended = await runSteps(directory, async ({ index, directory: own }) => {
        const architecture = architectures[index % 3];
        if (architecture !== undefined)
          return variables(architecture, await movedTag(own, architecture, `step ${index}`));
        return variables(`joined${index}`, { EXTRA_ARGS: "['--join', 'amd64', '--join', 'arm64']" });
      });
      expect(ended.map(({ exitCode, output }) => (exitCode === 0 ? '' : output))).toEqual(ended.map(() => ''));
      for (const index of ended.keys())
        if (index % 3 === 2) expect(await pull(repository, `joined${index}`)).toMatchObject({ problems: [] });
    });
  });

/** An image of one architecture, with a layer of its own. */
async function movedTag(directory: string, architecture: string, content: string): Promise<Variables> {
  return { FILENAME: await writeLayout({ directory }, [layer(content, 500)], 'layout', { architecture }) };
}

/** What a registry's directory takes in all. */
async function storedBytes(directory: string): Promise<number> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const sizes = await Promise.all(files.map(async (file) => (await stat(join(file.parentPath, file.name))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}
