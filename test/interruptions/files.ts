/** TYPE file: several downloads, two of which replace earlier ones, and their checksums. */

import { createHash, randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Sandbox } from '../sandbox/sandbox.ts';
import type { Judgement, State, Subject } from './subject.ts';

const files = new Map([
  ['large.bin', randomBytes(1_000_000)],
  ['replaced.bin', randomBytes(400_000)],
  ['small.txt', Buffer.from('small')],
  ['empty.txt', Buffer.alloc(0)],
]);
const earlier = Buffer.from('an earlier version');
const list = 'SHA256SUMS';
const earlierList = `${sha256(earlier)}  replaced.bin\n`;

function sha256(content: Buffer | string): string {
  return createHash('sha256').update(content).digest('hex');
}

export const downloads: Subject = {
  type: 'file',
  variant: '',
  async prepare(directory) {
    for (const [name, content] of files) await writeFile(join(directory, name), content);
  },
  seed(sandbox) {
    sandbox.put('replaced.bin', earlier);
    sandbox.put(list, earlierList);
    sandbox.put('unrelated.txt', 'unrelated');
  },
  variables: ({ apiUrl, tokens }) => ({
    API_URL: apiUrl,
    WORKSPACE: 'acme',
    REPOSITORY: 'app',
    TOKEN: tokens.accessToken,
    FILENAME_COUNT: '2',
    FILENAME_0: '*.bin',
    FILENAME_1: '*.txt',
    EXTRA_ARGS_COUNT: '2',
    EXTRA_ARGS_0: '--checksums',
    EXTRA_ARGS_1: '--output=out.json',
  }),
  judge,
};

async function judge(sandbox: Sandbox): Promise<Judgement> {
  const states = new Map<string, State>();
  const problems: string[] = [];
  for (const { name, sha256: digest } of sandbox.downloads.values()) {
    const content = files.get(name);
    if (content !== undefined && digest === sha256(content)) states.set(name, 'published');
    else if (name === 'replaced.bin' && digest === sha256(earlier)) states.set(name, 'earlier');
    else if (name !== list && name !== 'unrelated.txt') problems.push(`${name} has sha256 ${digest}`);
  }
  const text = (await sandbox.downloads.get(list)?.content())?.toString() ?? '';
  if (text === earlierList) states.set(list, 'earlier');
  else {
    const lines = text.split('\n').filter((line) => line !== '');
    if (lines.length !== files.size || !text.endsWith('\n')) problems.push(`${list} has ${lines.length} lines`);
    for (const line of lines) {
      const [digest, name = ''] = line.split('  ');
      if (sandbox.downloads.get(name)?.sha256 !== digest) problems.push(`${list} is wrong about ${name}`);
    }
    states.set(list, 'published');
  }
  if (sandbox.downloads.get('unrelated.txt')?.size !== 'unrelated'.length) problems.push('unrelated.txt was touched');
  const isComplete = [...files.keys(), list].every((name) => states.get(name) === 'published');
  return { states, problems, unfinished: [], isComplete };
}
