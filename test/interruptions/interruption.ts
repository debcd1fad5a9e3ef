/** One interrupted run of the bundle, and the run that completes its work: both judged from the server's side. */

import { EventEmitter } from 'node:events';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { defaultRetryPolicy } from '../../pipe/http/retry.ts';
import { randomFor } from '../fuzz/random.ts';
import { patience } from '../patience.ts';
import { type Ended, startBundle } from '../run-bundle.ts';
import { runInProcess } from '../run-pipe.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';
import { chooseMoment, type Course, type Moment, Observer } from './moment.ts';
import type { Judgement, Subject } from './subject.ts';

const signals = ['SIGTERM', 'SIGINT', 'SIGKILL'] as const;
export type Signal = (typeof signals)[number];

const exitCodes = { SIGTERM: 143, SIGINT: 130, SIGKILL: null } as const;
/** The contract's. */
const maxStopMs = 2_000;

/** A sandbox, and a directory with the files to publish. */
export interface Lane {
  readonly sandbox: Sandbox;
  readonly directory: string;
  /** Node's compile cache, of the bundle: shared, since a run that is killed does not fill it. */
  readonly compileCache: string;
  /** Follows the run in progress. */
  observer: Observer;
}

export interface Interruption {
  readonly seed: number;
  readonly signal: Signal;
  readonly exitCode: number | null;
  /** From the server's side: nothing of the run, something, or everything. */
  readonly published: 'nothing' | 'something' | 'everything';
  /** A metadata file's checksums were left to the next run. */
  readonly hasUnfinished: boolean;
  readonly isCompleted: boolean;
  readonly stopMs: number;
  /** Everything that is wrong, in words; empty if nothing is. */
  readonly failures: readonly string[];
}

/** Runs the subject once without interruption. @returns its course */
export async function runWhole(subject: Subject, lane: Lane): Promise<Course> {
  await prepareServer(subject, lane);
  lane.observer = new Observer();
  const ended = await start(subject, lane).ended;
  const { course } = lane.observer;
  const failures = await completionProblems(subject, lane, ended);
  if (failures.length > 0) throw new Error(`${subject.type}, not interrupted: ${failures.join('; ')}`);
  return course;
}

/** Interrupts a run as the seed says, and completes it. */
export async function interrupt(subject: Subject, lane: Lane, course: Course, seed: number): Promise<Interruption> {
  const random = randomFor(seed, 0);
  const signal = random.pick(signals);
  const moment = chooseMoment(random, course);
  await prepareServer(subject, lane);
  const { ended, stopMs, wasSent } = await startAndStop(subject, lane, moment, signal);
  const judgement = await subject.judge(lane.sandbox);
  const states = [...judgement.states.values()];
  const failures = [
    ...judgement.problems,
    ...lane.sandbox.violations,
    ...endingProblems(ended, signal, wasSent, lane, judgement),
    // How busy the machine is takes time to measure: only if it matters.
    ...(signal === 'SIGKILL' || stopMs < maxStopMs || stopMs < patience(maxStopMs)
      ? []
      : [`took ${Math.round(stopMs)} ms to stop`]),
    ...(await resultProblems(lane)),
  ];
  const completion = await completeRun(subject, lane);
  const all = [...failures, ...completion.map((problem) => `the second run: ${problem}`)];
  return {
    seed,
    signal,
    exitCode: ended.exitCode,
    published: judgement.isComplete ? 'everything' : states.includes('published') ? 'something' : 'nothing',
    hasUnfinished: judgement.unfinished.length > 0,
    isCompleted: completion.length === 0,
    stopMs,
    failures:
      all.length === 0
        ? []
        : [`seed ${seed}: ${signal} after ${JSON.stringify(moment)}`, ...all, `output:\n${ended.output}`],
  };
}

async function prepareServer(subject: Subject, { sandbox, directory }: Lane): Promise<void> {
  sandbox.reset();
  await subject.seed(sandbox);
  await rm(join(directory, 'out.json'), { force: true });
}

function start(subject: Subject, { sandbox, directory, compileCache }: Lane): ReturnType<typeof startBundle> {
  const env = { NODE_COMPILE_CACHE: compileCache, ...subject.variables(sandbox) };
  const { reports } = sandbox;
  return startBundle(env, {
    cwd: directory,
    servers: () => ({ issued: sandbox.issued, reports: [...reports.values()] }),
  });
}

async function startAndStop(
  subject: Subject,
  lane: Lane,
  { unit, amount, delayMs }: Moment,
  signal: Signal,
): Promise<{ readonly ended: Ended; readonly stopMs: number; readonly wasSent: boolean }> {
  let sentAt = Infinity;
  let isOver = false;
  const timers: NodeJS.Timeout[] = [];
  const send = (): void => {
    if (isOver || sentAt !== Infinity) return;
    sentAt = performance.now();
    child.kill(signal);
  };
  let isDue = false;
  const fire = (): void => {
    if (isDue) return;
    isDue = true;
    if (delayMs === 0) send();
    else timers.push(setTimeout(send, delayMs));
  };
  lane.observer = new Observer(({ course }) => {
    if (unit !== 'ms' && course[unit] >= amount) fire();
  });
  const { child, ended } = start(subject, lane);
  if (unit === 'ms') timers.push(setTimeout(fire, amount));
  const end = await ended;
  isOver = true;
  const stopMs = Math.max(0, performance.now() - sentAt);
  for (const timer of timers) clearTimeout(timer);
  await lane.sandbox.idle();
  return { ended: end, stopMs, wasSent: sentAt !== Infinity };
}

/** What is wrong with how the process ended, and with what it says about its items. */
function endingProblems(
  { exitCode, output }: Ended,
  signal: Signal,
  wasSent: boolean,
  { sandbox }: Lane,
  { states, isComplete, unfinished }: Judgement,
): readonly string[] {
  if (exitCode === 0) {
    return [
      ...(output.includes('✔ ') ? [] : ['exit code 0 without a ✔']),
      ...(isComplete && unfinished.length === 0 ? [] : ['exit code 0, but not everything is published']),
    ];
  }
  if (!wasSent) return [`exit code ${exitCode} without a signal`];
  if (signal === 'SIGKILL') return exitCode === null ? [] : [`exit code ${exitCode}`];
  // The signal came before Node.js ran the first line of the pipe.
  if (exitCode === null && output === '' && sandbox.requests.length === 0) return [];
  const [, lines] = output.split(`✖ Stopped by ${signal}\n`);
  return [
    ...(exitCode === exitCodes[signal] ? [] : [`exit code ${exitCode}`]),
    ...(lines === undefined ? ['no line says that it was stopped'] : toldProblems(lines, states)),
  ];
}

const told =
  /^ {2}(?<name>\S.*?): (?<outcome>published|staged|already there|sent, but not|NOT published|not attempted)/;

function toldProblems(lines: string, states: Judgement['states']): readonly string[] {
  if (lines.includes('  uploads in progress may or may not have been published')) return [];
  const published = [...states].flatMap(([name, state]) => (state === 'published' ? [name] : []));
  if (lines.startsWith('  nothing was published')) return published.map((name) => `${name} was published`);
  const items = lines.split('\n').flatMap((line) => {
    const { name, outcome } = told.exec(line)?.groups ?? {};
    return name === undefined || outcome === undefined ? [] : [{ name, outcome }];
  });
  if (items.length === 0) return ['no line says what was published'];
  const problems = items.flatMap(({ name, outcome }) => {
    const isPublished = states.get(name) === 'published';
    const isTrue = {
      published: isPublished,
      staged: isPublished,
      'NOT published': !isPublished,
      'not attempted': !isPublished,
    }[outcome];
    return isTrue === false ? [`said of ${name}: ${outcome}`] : [];
  });
  const named: ReadonlySet<string> = new Set(items.map(({ name }) => name));
  return [...problems, ...published.filter((name) => !named.has(name)).map((name) => `did not mention ${name}`)];
}

/** A result file is whole or absent. */
async function resultProblems({ directory }: Lane): Promise<readonly string[]> {
  const text = await readFile(join(directory, 'out.json'), 'utf8').catch(() => '{}');
  try {
    JSON.parse(text);
    return [];
  } catch {
    return [`out.json is not whole: ${text}`];
  }
}

/**
 * Runs again, to the end, in this process: that takes a third of the time of another process, and nothing about this run
 * depends on it. @returns what is wrong afterwards
 */
async function completeRun(subject: Subject, lane: Lane): Promise<readonly string[]> {
  lane.observer = new Observer();
  const ended = await runInProcess(
    { NO_COLOR: '1', ...subject.variables(lane.sandbox) },
    { workingDirectory: lane.directory, retryBaseMs: defaultRetryPolicy.baseMs, signals: new EventEmitter() },
  );
  return await completionProblems(subject, lane, ended);
}

async function completionProblems(
  subject: Subject,
  lane: Lane,
  { exitCode, output }: Pick<Ended, 'exitCode' | 'output'>,
): Promise<readonly string[]> {
  await lane.sandbox.idle();
  const { problems, unfinished, isComplete } = await subject.judge(lane.sandbox);
  const failures = [
    ...(exitCode === 0 ? [] : [`exit code ${exitCode}`]),
    ...(isComplete ? [] : ['not everything is published']),
    ...problems,
    ...unfinished,
    ...lane.sandbox.violations,
    ...(await resultProblems(lane)),
  ];
  return failures.length === 0 ? [] : [...failures, `output:\n${output}`];
}
