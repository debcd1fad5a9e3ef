import { EventEmitter } from 'node:events';
import { expect, it } from '@jest/globals';
import { exitCodes, fail, onStopSignal, succeed } from '../../pipe/toolkit/exit.ts';
import { createOutput } from '../../pipe/toolkit/stdout.ts';
import { createSecrets } from '../../pipe/toolkit/scrub.ts';
import { recordingStream } from './recording-stream.ts';

const stream = recordingStream();
const output = createOutput(stream, createSecrets([]).scrub, false);
const coloured = createOutput(stream, createSecrets([]).scrub, true);

it.each([
  ['succeed', () => succeed(output, ['done', 'well']), '✔ done\nwell\n', 0],
  ['succeed in colour', () => succeed(coloured, ['done']), '\u001B[32m✔ done\u001B[0m\n', 0],
  ['fail', () => fail(output, ['broken', 'badly']), '✖ broken\nbadly\n', 1],
  ['fail in colour', () => fail(coloured, ['broken']), '\u001B[31m✖ broken\u001B[0m\n', 1],
  ['fail by a signal', () => fail(output, ['stopped'], exitCodes.SIGTERM), '✖ stopped\n', 143],
])('%s', (_, end, text, exitCode) => {
  stream.text = '';
  expect([end(), stream.text]).toEqual([exitCode, text]);
});

it('has the exit codes of a shell for signals', () => {
  expect(exitCodes).toEqual({ success: 0, failure: 1, SIGINT: 130, SIGTERM: 143 });
});

it('listens for both signals until stopped', () => {
  const signals = new EventEmitter();
  const heard: string[] = [];
  const stopListening = onStopSignal(signals, (signal) => heard.push(signal));
  signals.emit('SIGTERM');
  signals.emit('SIGINT');
  expect(heard).toEqual(['SIGTERM', 'SIGINT']);
  stopListening();
  expect([signals.listenerCount('SIGTERM'), signals.listenerCount('SIGINT')]).toEqual([0, 0]);
});
