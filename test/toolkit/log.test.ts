import { describe, expect, it } from '@jest/globals';
import { createLog } from '../../pipe/toolkit/log.ts';
import { createOutput } from '../../pipe/toolkit/stdout.ts';
import { createSecrets } from '../../pipe/toolkit/scrub.ts';
import { recordingStream } from './recording-stream.ts';

function printed(options: { isDebug: boolean; isColoured: boolean }, message = 'text'): string {
  const stream = recordingStream();
  const log = createLog(createOutput(stream, createSecrets(['hunter22']).scrub, options.isColoured), options);
  log.debug(message);
  log.info(message);
  log.warning(message);
  log.error(message);
  expect(log.isDebug).toBe(options.isDebug);
  return stream.text;
}

it('prints the lines of the toolkits, without debug lines', () => {
  expect(printed({ isDebug: false, isColoured: false })).toBe('INFO: text\nWARNING: text\nERROR: text\n');
});

it('prints debug lines if enabled', () => {
  expect(printed({ isDebug: true, isColoured: false })).toBe('DEBUG: text\nINFO: text\nWARNING: text\nERROR: text\n');
});

it('colours them as the toolkits do', () => {
  expect(printed({ isDebug: true, isColoured: true })).toBe(
    'DEBUG: text\n\u001B[32mINFO: text\u001B[0m\n\u001B[33mWARNING: text\u001B[0m\n\u001B[31mERROR: text\u001B[0m\n',
  );
});

describe('prints a message verbatim', () => {
  it.each(['%s %d %j %% 100%', '"quoted" \\n', '{"level":50}', 'ünï 漢字 🎉', 'x'.repeat(5000)])('%j', (message) => {
    expect(printed({ isDebug: false, isColoured: false }, message)).toBe(
      `INFO: ${message}\nWARNING: ${message}\nERROR: ${message}\n`,
    );
  });

  it('except for what would begin a line or move the cursor', () => {
    expect(printed({ isDebug: false, isColoured: false }, 'two\n✔ lines\twith a tab\u001B[1A')).toBe(
      ['INFO', 'WARNING', 'ERROR']
        .map((label) => String.raw`${label}: two\n✔ lines\twith a tab\u001b[1A`)
        .map((line) => `${line}\n`)
        .join(''),
    );
  });

  it('except for secrets, at any level', () => {
    expect(printed({ isDebug: true, isColoured: false }, 'a hunter22')).toBe(
      'DEBUG: a ***\nINFO: a ***\nWARNING: a ***\nERROR: a ***\n',
    );
  });
});
