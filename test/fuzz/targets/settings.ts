/** Fuzzers for what users write: variables and arrays, globs, names of files, image references. */

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileForm } from '../../../pipe/http/multipart.ts';
import { readAll } from '../read-all.ts';
import { bytesBody } from '../../../pipe/io/body.ts';
import { expandBraces } from '../../../pipe/io/braces.ts';
import { selectFiles } from '../../../pipe/io/select-files.ts';
import { formatReference, parseReference } from '../../../pipe/oci/registry/reference.ts';
import { findImage } from '../../../pipe/oci/open-image.ts';
import { parsePlatform } from '../../../pipe/oci/platforms.ts';
import { readSettings } from '../../../pipe/read-settings.ts';
import { givenSecrets } from '../../../pipe/settings/given-secrets.ts';
import { createSecrets } from '../../../pipe/toolkit/scrub.ts';
import { multipartBoundary, MultipartParser } from '../../sandbox/multipart-parser.ts';
import { mutateText } from '../mutate.ts';
import type { Random } from '../random.ts';
import type { ArrayValue } from '../../../pipe/toolkit/environment.ts';
import { allowRejection, FuzzFailure, type Target } from '../target.ts';

const environments: readonly Readonly<Record<string, string>>[] = [
  {
    TOKEN: 'ATCTT3xFfGN0abcdefghijklmnop=12345678',
    FILENAME_COUNT: '2',
    FILENAME_0: 'dist/*.zip',
    FILENAME_1: '!dist/a.zip',
    BITBUCKET_WORKSPACE: 'acme',
    BITBUCKET_REPO_SLUG: 'app',
    EXTRA_ARGS: "['--keep', '5', '--keep-pattern=*.zip', '--name', 'x']",
    DEBUG: 'true',
  },
  {
    TYPE: 'image',
    TOKEN: 'ATATT3xFfGF0abcdefghijklmnop=12345678',
    USERNAME: 'me@example.com',
    IMAGE: 'crg.apkg.io/acme/app:1.0',
    TAGS: '1.0 1, latest',
    FILENAME: 'app.tar',
    DOCKER_HOST: 'tcp://docker:2375',
    HTTPS_PROXY: 'http://user:secret@proxy:3128',
    NO_PROXY: 'localhost,*.example.com:8080',
    EXTRA_ARGS_COUNT: '4',
    EXTRA_ARGS_0: '--compression',
    EXTRA_ARGS_1: 'zstd',
    EXTRA_ARGS_2: '--platform=linux/arm64/v8',
    EXTRA_ARGS_3: '--reuse=main',
  },
  {
    TYPE: 'npm',
    TOKEN: 'secret word',
    USERNAME: 'me',
    REGISTRY: 'https://npm.example.com/a/b',
    FILENAME: '[a.tgz, "b c.tgz"]',
    EXTRA_ARGS: '--dist-tag=next',
  },
  {
    TYPE: 'maven',
    REGISTRY: 'localhost:8081/repository/',
    TOKEN: 't',
    FILENAME: 'target/app.jar',
    EXTRA_ARGS: "['--attach', 'tests:jar=a.jar', '--pom', 'pom.xml', '--timeout', '30', '--retries=3']",
  },
];

/** Variables that belong to other runs, or to Atlassian's pipe. */
const otherNames = [
  'ACCOUNT',
  'API_URL',
  'BITBUCKET_USERNAME',
  'BITBUCKET_APP_PASSWORD',
  'EXTRA_ARGS_4',
  'TAGS_COUNT',
  'TAGS_0',
];

/** Variables and arrays: read as settings, and searched for secrets. */
export function variables(): Target {
  return {
    async attack(random) {
      const env: Record<string, string> = { ...random.pick(environments) };
      for (let count = 1 + random.below(4); count > 0; count--) {
        const name = random.pick([...Object.keys(env), ...otherNames]);
        if (random.chance(0.1)) delete env[name];
        else env[name] = mutateText(env[name] ?? random.pick(Object.values(env)), random).replaceAll('\0', '');
      }
      await allowRejection(() => readSettings(env));
      const { scrub } = createSecrets(givenSecrets(env));
      scrub(Object.values(env).join('\n'));
    },
  };
}

const patterns = [
  '**',
  '*.txt',
  '{a,b}.txt',
  '{1..3}',
  '!a*',
  'dir/**/[!x]*',
  '[a-c].txt',
  "['a.txt', 'b.txt']",
  'dir/../a.txt',
  'a.txt b.txt',
  '?.txt',
];

/** Globs and braces, over a few real files. */
export async function globs(directory: string): Promise<Target> {
  await mkdir(join(directory, 'dir', 'sub'), { recursive: true });
  for (const name of ['a.txt', 'b.txt', 'dir/c.txt', 'dir/sub/{a,b}.txt', 'dir/[x].txt', '1', 'ä ö.txt'])
    await writeFile(join(directory, name), name);
  return {
    async attack(random) {
      const some = Array.from({ length: 1 + random.below(3) }, () =>
        // A glob such as /** takes as long as reading the whole file system, and one with hundreds of brackets, seconds.
        mutateText(random.pick(patterns), random)
          .replaceAll(/\0|(?<!\w)\//g, '')
          .slice(0, random.chance(0.95) ? 60 : 400),
      );
      await allowRejection(() => expandBraces(some.join('')));
      const given: ArrayValue = random.chance(0.5)
        ? { form: 'items', items: some }
        : { form: 'string', value: some.join(random.pick([' ', '\n', ''])) };
      const places = { workingDirectory: directory, cloneDirectory: directory };
      await allowRejection(() => findImage(given, places));
      await allowRejection(() => selectFiles(given, places, { underEachName: random.chance(0.5) }));
    },
  };
}

/** Forms for files with any name and content, read back by a strict parser. */
export function multipart(): Target {
  return {
    async attack(random) {
      // Other control characters and backslashes are refused before.
      const name = mutateText('a "b" c.txt', random)
        .replaceAll(/[^\P{Cc}\r\n]|\\/gu, '')
        .slice(0, 255)
        .toWellFormed();
      const content = Buffer.from(mutateText('content\r\n--boundary--\r\n', random));
      const form = fileForm('files', name, bytesBody(content));
      const body = await readAll(form.body.open());
      if (body.length !== form.body.length)
        throw new FuzzFailure(`${body.length} bytes instead of ${form.body.length}`);
      const names: unknown[] = [];
      const chunks: Buffer[] = [];
      const parser = new MultipartParser(multipartBoundary(form.contentType) ?? '', {
        onPart: ({ filename }) => void names.push(filename),
        onData: (bytes) => void chunks.push(Buffer.from(bytes)),
        onPartEnd: () => undefined,
      });
      for (let at = 0; at < body.length;) {
        const length = 1 + random.below(200);
        parser.write(body.subarray(at, at + length));
        at += length;
      }
      parser.end();
      // A name that contains such an escape already cannot be told from an escaped one.
      const [received] = names;
      if (names.length !== 1 || (received !== name && !/%(?:0A|0D|22)/i.test(name)))
        throw new FuzzFailure(`the name ${name} arrives as ${String(received)}`);
      if (!Buffer.concat(chunks).equals(content)) throw new FuzzFailure('the content arrives changed');
    },
  };
}

const references = [
  'app',
  'app:1.0',
  'acme/app:latest',
  'crg.apkg.io/acme/app:v1',
  'localhost:5000/a/b/c',
  '[::1]:5000/a:b',
];

/** Image references and platforms: what is accepted means the same when it is written out. */
export function imageReferences(): Target {
  return {
    async attack(random: Random) {
      const text = mutateText(random.pick(references), random);
      const defaults = { host: 'crg.apkg.io', workspace: random.chance(0.5) ? 'Acme' : undefined };
      const reference = parseReference(text, defaults);
      await allowRejection(() => parsePlatform(mutateText('linux/arm64/v8', random)));
      if (typeof reference === 'string') return;
      const again = parseReference(formatReference(reference), defaults);
      if (JSON.stringify(again) !== JSON.stringify(reference))
        throw new FuzzFailure(`${text} is read as ${formatReference(reference)}, and that as ${JSON.stringify(again)}`);
    },
  };
}
