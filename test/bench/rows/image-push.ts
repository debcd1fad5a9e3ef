/** Pushes an image of six layers to a real registry on a machine without a cache, as every step in Pipelines does. */

import { contentKinds, imagesOfKinds, removeBenchImages } from '../bench-image.ts';
import { medianPeakBytes, medianSentBytes, medianWallMs, type Score } from '../contest.ts';
import {
  autoPipe,
  contest,
  enginePipe,
  gzipPeer,
  gzipPipe,
  peerRunners,
  pipe,
  withoutLibdeflate,
  zstdPeer,
  zstdPipe,
} from '../image-contest.ts';
import type { LineSpeed } from '../line.ts';
import { ratio, type Row, type Target } from '../row.ts';
import { megabytes } from '../table.ts';
import { plainEnvironment, withCompileCache } from '../uploads.ts';

const maxPeakMegabytes = 160;

/** 200 Mbit/s, with a round trip of 20 ms. */
const slowLine: LineSpeed = { upBytesPerSecond: 25_000_000, delayMs: 10 };

function relative(
  claim: string,
  [one, other]: readonly [number | undefined, number | undefined],
  limit: number,
): Target {
  return { claim, actual: ratio(one, other), relation: '≤', limit };
}

function walls(one: Score | undefined, other: Score | undefined): readonly [number | undefined, number | undefined] {
  return [medianWallMs(one), medianWallMs(other)];
}

function sentBytes(
  one: Score | undefined,
  other: Score | undefined,
): readonly [number | undefined, number | undefined] {
  return [medianSentBytes(one), medianSentBytes(other)];
}

/** The target for the highest peak of all runs of the pipe. */
function memoryTarget(claim: string, scores: readonly Score[]): Target {
  const peaks = scores
    .filter(({ name }) => name.startsWith('the pipe, '))
    .map((score) => megabytes(medianPeakBytes(score)))
    .filter((peak) => peak !== undefined);
  const actual = peaks.length === 0 ? undefined : Math.max(...peaks);
  return { claim: `${claim}: the pipe's peak memory`, actual, relation: '≤', limit: maxPeakMegabytes, unit: 'MB' };
}

const emptyRegistry: Row = {
  id: 'image-push-empty',
  cleanUp: removeBenchImages,
  async measure(bench) {
    const title = 'An image to an empty registry';
    const zlibPipe = pipe('gzip by zlib', { env: await withoutLibdeflate(bench) });
    const runners = [gzipPipe, zlibPipe, zstdPipe, enginePipe, ...peerRunners(bench), zstdPeer(bench)];
    const result = await contest(bench, runners, { seed: 'nothing', push: 'original' });
    if (typeof result === 'string') return { title, scores: [], notes: [result], targets: [] };
    const [gzip, zlib, zstd, , peer] = result.scores;
    const otherZstd = result.scores.at(-1);
    const wall = (score: Score | undefined, other = peer) => walls(score, other);
    const sent = (score: Score | undefined, other = peer) => sentBytes(score, other);
    return {
      title,
      ...result,
      showsSent: true,
      targets: [
        relative("first push, gzip: the pipe's time / skopeo's", wall(gzip), 0.65),
        relative("first push, gzip: the pipe's bytes / skopeo's", sent(gzip), 0.98),
        relative("first push, gzip by zlib: the pipe's time / skopeo's", wall(zlib), 1.3),
        relative("first push, zstd: the pipe's time / skopeo's zstd", wall(zstd, otherZstd), 0.5),
        relative("first push, zstd: the pipe's bytes / skopeo's zstd", sent(zstd, otherZstd), 1.02),
        memoryTarget('first push', result.scores),
      ],
    };
  },
};

const kinds: Row = {
  id: 'image-push-kinds',
  cleanUp: removeBenchImages,
  async measure(bench) {
    const title = 'Images of one kind of content to an empty registry';
    const { docker } = bench.peers;
    if (docker.program === undefined)
      return { title, scores: [], notes: [`Skipped: ${docker.missing ?? ''}.`], targets: [] };
    const scores: Score[] = [];
    const notes: string[] = [];
    const targets: Target[] = [];
    for (const [index, image] of (await imagesOfKinds(bench, docker.program)).entries()) {
      const kind = contentKinds[index] ?? '';
      const runners = [gzipPipe, zstdPipe, gzipPeer(bench), zstdPeer(bench)];
      const named = runners.map((runner) => ({ ...runner, name: `${runner.name}: ${kind}` }));
      const result = await contest(bench, named, { seed: 'nothing', push: image });
      if (typeof result === 'string') return { title, scores: [], notes: [result], targets: [] };
      const [gzip, zstd, otherGzip, otherZstd] = result.scores;
      scores.push(...result.scores);
      targets.push(
        relative(`${kind}, gzip: the pipe's time / skopeo's`, walls(gzip, otherGzip), 0.65),
        relative(`${kind}, zstd: the pipe's time / skopeo's zstd`, walls(zstd, otherZstd), 0.5),
        relative(`${kind}, gzip: the pipe's bytes / skopeo's`, sentBytes(gzip, otherGzip), 0.98),
        relative(`${kind}, zstd: the pipe's bytes / skopeo's zstd`, sentBytes(zstd, otherZstd), 1.02),
        memoryTarget(kind, result.scores),
      );
    }
    notes.push('160 MB of files in two layers each. A quarter of the mix does not shrink.');
    return { title, scores, notes, showsSent: true, targets };
  },
};

const oneLayerChanged: Row = {
  id: 'image-push-changed',
  cleanUp: removeBenchImages,
  async measure(bench) {
    const title = 'The image with one layer of six changed';
    const runners = [gzipPipe, enginePipe, ...peerRunners(bench)];
    const result = await contest(bench, runners, { seed: 'original', push: 'changed' });
    if (typeof result === 'string') return { title, scores: [], notes: [result], targets: [] };
    const [archive, , peer, , docker] = result.scores;
    return {
      title,
      ...result,
      showsSent: true,
      targets: [
        relative("one layer changed: the pipe's time / skopeo's", walls(archive, peer), 0.1),
        relative("one layer changed: the pipe's time / docker push's", walls(archive, docker), 1 / 8),
        memoryTarget('one layer changed', result.scores),
      ],
    };
  },
};

const sameImage: Row = {
  id: 'image-push-same',
  cleanUp: removeBenchImages,
  async measure(bench) {
    const title = 'The same image under a new tag';
    const startUp = withCompileCache(bench, {
      argv: [process.execPath, bench.bundlePath],
      env: plainEnvironment(),
      workingDirectory: bench.directory,
      exitCode: 1,
      prints: 'Validation errors',
    });
    const runners = [gzipPipe, enginePipe, ...peerRunners(bench)];
    const result = await contest(bench, runners, {
      seed: 'original',
      push: 'original',
      others: [{ name: "the pipe's start-up", command: startUp }],
    });
    if (typeof result === 'string') return { title, scores: [], notes: [result], targets: [] };
    const beyond = (score: Score | undefined): number | undefined => {
      const [whole, start] = [medianWallMs(score), medianWallMs(result.scores.at(-1))];
      return whole === undefined || start === undefined ? undefined : (whole - start) / 1000;
    };
    const [archive, engine] = result.scores;
    const limit = { relation: '≤', limit: 0.15, unit: 's' } as const;
    return {
      title,
      ...result,
      showsSent: true,
      targets: [
        { claim: 'same image: beyond start-up', actual: beyond(archive), ...limit },
        { claim: 'same image, from the engine: beyond start-up', actual: beyond(engine), ...limit },
        memoryTarget('same image', result.scores),
      ],
    };
  },
};

const slowSettings = [
  { id: 'empty', title: 'An image to an empty registry', seed: 'nothing', push: 'original' },
  { id: 'changed', title: 'The image with one layer of six changed', seed: 'original', push: 'changed' },
  { id: 'same', title: 'The same image under a new tag', seed: 'original', push: 'original' },
] as const;

/** The same over the line of a typical self-hosted runner. */
const slowRows = slowSettings.map(({ id, title: what, seed, push }): Row => ({
  id: `image-push-slow-${id}`,
  cleanUp: removeBenchImages,
  async measure(bench) {
    const title = `${what}, at 200 Mbit/s with 20 ms`;
    const isEmpty = id === 'empty';
    const others = isEmpty ? [zstdPipe, autoPipe, zstdPeer(bench)] : [];
    const runners = [gzipPipe, enginePipe, ...peerRunners(bench), ...others];
    const result = await contest(bench, runners, { seed, push, speed: slowLine });
    if (typeof result === 'string') return { title, scores: [], notes: [result], targets: [] };
    const [archive] = result.scores;
    const peer = result.scores.find(({ name }) => name.startsWith('skopeo'));
    const [zstd, auto, otherZstd] = isEmpty ? result.scores.slice(-others.length) : [];
    return {
      title,
      ...result,
      showsSent: true,
      targets: [
        relative(`${id}, 200 Mbit/s: the pipe's time / skopeo's`, walls(archive, peer), id === 'changed' ? 0.1 : 1),
        ...(isEmpty
          ? [
              relative("empty, 200 Mbit/s, level auto: the pipe's time / skopeo's", walls(auto, peer), 0.95),
              relative("empty, 200 Mbit/s, zstd: the pipe's time / skopeo's zstd", walls(zstd, otherZstd), 1),
            ]
          : []),
        memoryTarget(`${id}, 200 Mbit/s`, result.scores),
      ],
    };
  },
}));

export const imagePushRows: readonly Row[] = [emptyRegistry, kinds, oneLayerChanged, sameImage, ...slowRows];
