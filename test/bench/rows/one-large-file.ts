/** Uploads one large file at the speed of the connection, in little memory, with and without SHA-256. */

import { join } from 'node:path';
import { medianPeakBytes, medianWallMs } from '../contest.ts';
import { makeRandomFile } from '../inputs.ts';
import { ratio, type Row } from '../row.ts';
import { startSink } from '../sink-process.ts';
import { megabytes } from '../table.ts';
import { curlUpload, pipeCommand, pythonUpload, withCompileCache } from '../uploads.ts';

const mebibyte = 1024 * 1024;

export const oneLargeFile: Row = {
  id: 'one-large-file',
  async measure(bench) {
    const size = (bench.isQuick ? 128 : 1024) * mebibyte;
    const name = 'large.bin';
    await makeRandomFile(join(bench.directory, name), size);
    const sink = await startSink();
    try {
      const { origin } = sink;
      const sends = { requests: 1, contentBytes: size };
      const scores = await bench.compete(
        [
          { name: 'the pipe', command: pipeCommand(bench, origin, name), sends },
          {
            name: 'the pipe, with its compile cache as in the image',
            command: withCompileCache(bench, pipeCommand(bench, origin, name)),
            sends,
          },
          {
            name: 'the pipe, with SHA-256',
            command: pipeCommand(bench, origin, name, ['--output', 'result.json']),
            sends,
          },
          { name: 'curl --form', ...curlUpload(bench, origin, name), sends },
          { name: 'Python requests, files=', ...pythonUpload(bench, origin, name), sends },
        ],
        { sink },
      );
      const [pipe, cached, , curl, python] = scores;
      const sinkCpuMs = scores.flatMap((score) => score.sinkCpuMs);
      return {
        title: `One file of ${size / mebibyte} MiB`,
        scores,
        notes: [
          `The server was busy for ${(Math.min(...sinkCpuMs) / 1000).toFixed(2)} to ${(Math.max(...sinkCpuMs) / 1000).toFixed(2)} s of each run, on the same processors.`,
        ],
        targets: [
          {
            claim: "large file: the pipe's time / curl's",
            actual: ratio(medianWallMs(pipe), medianWallMs(curl)),
            relation: '≤',
            limit: 1.5,
          },
          {
            claim: "large file, as in the image: the pipe's time / curl's",
            actual: ratio(medianWallMs(cached), medianWallMs(curl)),
            relation: '≤',
            limit: 1.5,
          },
          {
            claim: "large file: Python's time / the pipe's",
            actual: ratio(medianWallMs(python), medianWallMs(pipe)),
            relation: '≥',
            limit: 3,
          },
          {
            claim: "large file: the pipe's peak memory",
            actual: megabytes(medianPeakBytes(pipe)),
            relation: '≤',
            limit: 120,
            unit: 'MB',
          },
        ],
      };
    } finally {
      await sink.close();
    }
  },
};
