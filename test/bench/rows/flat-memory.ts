/** Checks that four times the bytes take the same memory. */

import { join } from 'node:path';
import { medianPeakBytes } from '../contest.ts';
import { makeSparseFile } from '../inputs.ts';
import type { Row } from '../row.ts';
import { startSink } from '../sink-process.ts';
import { megabytes } from '../table.ts';
import { pipeCommand } from '../uploads.ts';

const gibibyte = 1024 ** 3;
const times = 4;

export const flatMemory: Row = {
  id: 'flat-memory',
  async measure(bench) {
    const baseSize = bench.isQuick ? gibibyte / 4 : gibibyte;
    const sink = await startSink();
    try {
      const contestants = [baseSize, baseSize * times].map((size) => {
        const filename = `sparse-${size}.bin`;
        const command = pipeCommand(bench, sink.origin, filename);
        return { name: `the pipe, ${size / gibibyte} GiB`, filename, size, command };
      });
      for (const { filename, size } of contestants) await makeSparseFile(join(bench.directory, filename), size);
      const scores = await bench.compete(
        contestants.map(({ name, command, size }) => ({
          name,
          command,
          sends: { requests: 1, contentBytes: size },
        })),
        { sink },
      );
      const [base, large] = scores.map((score) => megabytes(medianPeakBytes(score)));
      return {
        title: 'Memory as the file grows',
        scores,
        targets: [
          {
            claim: `flat memory: ${times} times the bytes, additional memory`,
            actual: base === undefined || large === undefined ? undefined : large - base,
            relation: '≤',
            limit: 10,
            unit: 'MB',
          },
        ],
      };
    } finally {
      await sink.close();
    }
  },
};
