/** How much of a push only one thread can do, which limits what further processors gain. */

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { removeBenchImages } from '../bench-image.ts';
import { median } from '../contest.ts';
import { contest, pipe, type Runner } from '../image-contest.ts';
import type { Bench, Row } from '../row.ts';

/** Seconds of processor time. */
interface Used {
  readonly main: number;
  readonly all: number;
}

const runs = [
  ['start-up', ['--dry-run']],
  ['gzip', []],
  ['zstd', ['--compression', 'zstd']],
] as const;

const processors = [2, 4, 8, 16] as const;

/** Runs in the pipe's process, and notes at its end what it has used. */
const counter = `process.on('exit', () => {
  const seconds = ({ user, system }) => (user + system) / 1e6;
  const used = { main: seconds(process.threadCpuUsage()), all: seconds(process.cpuUsage()) };
  require('node:fs').appendFileSync(process.env.BENCH_PROCESSOR_TIMES, JSON.stringify(used) + '\\n');
});`;

export const mainThread: Row = {
  id: 'main-thread',
  cleanUp: removeBenchImages,
  async measure(bench) {
    const title = 'Processor time of a first push, and of its main thread';
    const counterPath = join(bench.directory, 'count-processor-time.cjs');
    await writeFile(counterPath, counter);
    const runners = runs.map(([name, args]) => counting(pipe(name, { args }), counterPath, fileOf(bench, name)));
    const result = await contest(bench, runners, { seed: 'nothing', push: 'original' });
    if (typeof result === 'string') return { title, scores: [], notes: [result], targets: [] };
    const [startUp, gzip, zstd] = await Promise.all(runs.map(async ([name]) => await usedIn(fileOf(bench, name))));
    if (startUp === undefined || gzip === undefined || zstd === undefined)
      throw new Error('no run has noted its times');
    const gigabytes = result.bytes / 1e9;
    const formats = [
      { name: 'gzip', used: less(gzip, startUp) },
      { name: 'zstd', used: less(zstd, startUp) },
    ];
    return {
      title,
      ...result,
      notes: [
        ...result.notes,
        ...formats.map(({ name, used: { main, all } }) => {
          const onThreads = processors.map(
            (count) => `${count}: ${(Math.max(main, all / count) / gigabytes).toFixed(2)}`,
          );
          return `${name}: ${(all / gigabytes).toFixed(2)} s of processor time for each GB of unpacked input, ${(main / gigabytes).toFixed(2)} of them by the main thread, without start-up (${startUp.main.toFixed(2)} s). At best, a GB takes so many seconds on so many processors: ${onThreads.join(', ')}.`;
        }),
      ],
      targets: formats.map(({ name, used }) => ({
        claim: `first push, ${name}: the main thread's time for each GB`,
        actual: used.main / gigabytes,
        relation: '≤',
        limit: 0.35,
        unit: 's',
      })),
    };
  },
};

function fileOf({ directory }: Bench, name: string): string {
  return join(directory, `processor-time-${name}`);
}

function counting(runner: Runner, counterPath: string, file: string): Runner {
  return {
    ...runner,
    async command(...setting) {
      const { argv, env, ...rest } = await runner.command(...setting);
      const [node = '', ...args] = argv;
      return { ...rest, argv: [node, '--require', counterPath, ...args], env: { ...env, BENCH_PROCESSOR_TIMES: file } };
    },
  };
}

/** The medians, without the first run, which warms up. */
async function usedIn(file: string): Promise<Used> {
  const lines = (await readFile(file, 'utf8')).trim().split('\n').slice(1);
  const used = lines.map((line) => JSON.parse(line) as Used);
  const medianOf = (part: keyof Used): number => median(used.map((each) => each[part])) ?? Number.NaN;
  return { main: medianOf('main'), all: medianOf('all') };
}

function less(used: Used, startUp: Used): Used {
  return { main: used.main - startUp.main, all: used.all - startUp.all };
}
