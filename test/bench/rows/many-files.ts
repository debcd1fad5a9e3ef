/** Uploads many small files to a slow server: in parallel, compared with one by one. */

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Contestant, medianWallMs } from '../contest.ts';
import { makeRandomFile } from '../inputs.ts';
import { type Bench, ratio, type Row } from '../row.ts';
import { startSink } from '../sink-process.ts';
import { curlOptions, downloadsUrl, pipeCommand, plainEnvironment } from '../uploads.ts';

const fileBytes = 64 * 1024;
const latencyMs = 50;

export const manyFiles: Row = {
  id: 'many-files',
  async measure(bench) {
    const names = Array.from({ length: bench.isQuick ? 40 : 200 }, (_, index) => `many/${index}.bin`);
    for (const name of names) await makeRandomFile(join(bench.directory, name), fileBytes);
    const sink = await startSink({ latencyMs });
    try {
      const sends = { requests: names.length, contentBytes: names.length * fileBytes };
      const url = downloadsUrl(sink.origin);
      const scores = await bench.compete(
        [
          { name: 'the pipe', command: pipeCommand(bench, sink.origin, 'many/*.bin'), sends },
          { name: 'curl, one process for each file', ...(await curlLoop(bench, names, url)), sends },
          { name: 'curl, one process, one connection', ...(await curlSequence(bench, names, url)), sends },
        ],
        { sink },
      );
      const [pipe, loop] = scores;
      return {
        title: `${names.length} files of ${fileBytes / 1024} KiB, ${latencyMs} ms before each answer`,
        scores,
        targets: [
          {
            claim: "many files: time of one curl after the other / the pipe's",
            actual: ratio(medianWallMs(loop), medianWallMs(pipe)),
            relation: '≥',
            limit: 6,
          },
        ],
      };
    } finally {
      await sink.close();
    }
  },
};

type Prepared = Pick<Contestant, 'command' | 'missing'>;

/** As in the script of a step. */
async function curlLoop(bench: Bench, names: readonly string[], url: string): Promise<Prepared> {
  const { program, missing } = bench.peers.curl;
  if (program === undefined) return { command: undefined, missing };
  const call = [program, ...curlOptions, '--form', 'files=@FILE', url]
    .map((word) => `"${word.replace('FILE', '$file')}"`)
    .join(' ');
  const script = `set -e\nfor file in ${names.join(' ')}; do ${call}; done\n`;
  return await prepare(bench, 'loop.sh', script, (path) => ['sh', path]);
}

/** The best case for one by one: no process to start, no connection to open. */
async function curlSequence(bench: Bench, names: readonly string[], url: string): Promise<Prepared> {
  const { program, missing } = bench.peers.curl;
  if (program === undefined) return { command: undefined, missing };
  const [, ...options] = curlOptions;
  const lines = options.map((word) => (word.startsWith('--') ? word.slice(2) : ` = "${word}"`));
  const common = lines.join('\n').replaceAll('\n =', ' =');
  const config = names.map((name) => `${common}\nform = "files=@${name}"\nurl = "${url}"\n`).join('next\n');
  return await prepare(bench, 'sequence.curlrc', config, (path) => [program, '--disable', '--config', path]);
}

async function prepare(
  bench: Bench,
  filename: string,
  text: string,
  argv: (path: string) => readonly string[],
): Promise<Prepared> {
  const path = join(bench.directory, filename);
  await writeFile(path, text);
  return { command: { argv: argv(path), env: plainEnvironment(), workingDirectory: bench.directory } };
}
