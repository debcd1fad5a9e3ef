/** A log in the line format of pipes (`INFO: …`, `WARNING: …`, `DEBUG: …`), based on pino. */

import { pino } from 'pino';
import type { Colour, Output } from './stdout.ts';

/** Log lines for people, by level: each message is one line. */
export interface Log {
  debug(message: string): void;
  info(message: string): void;
  warning(message: string): void;
  error(message: string): void;
  readonly isDebug: boolean;
}

/** A log of one part of the run, whose lines begin with its name. */
export function prefixedLog(log: Log, prefix: string): Log {
  return {
    debug: (message) => log.debug(prefix + message),
    info: (message) => log.info(prefix + message),
    warning: (message) => log.warning(prefix + message),
    error: (message) => log.error(prefix + message),
    isDebug: log.isDebug,
  };
}

/** A log whose info lines are there only in debug output. */
export function quietLog(log: Log): Log {
  return { ...log, info: (message) => log.debug(message) };
}

/** pino's numeric levels, with the labels and colours of the toolkits. */
const levels: Readonly<Record<number, readonly [label: string, colour: Colour]>> = {
  20: ['DEBUG', 'none'],
  30: ['INFO', 'green'],
  40: ['WARNING', 'yellow'],
  50: ['ERROR', 'red'],
};

/** A log that prints to `output`; debug lines only if `isDebug`. */
export function createLog(output: Output, options: { readonly isDebug: boolean }): Log {
  const destination = {
    write(json: string): void {
      const { level, msg } = JSON.parse(json) as { level: number; msg: string };
      const [label, colour] = levels[level] ?? ['INFO', 'none'];
      output.line(`${label}: ${msg}`, colour);
    },
  };
  const logger = pino({ base: null, timestamp: false, level: options.isDebug ? 'debug' : 'info' }, destination);
  return {
    debug: (message) => logger.debug(message),
    info: (message) => logger.info(message),
    warning: (message) => logger.warn(message),
    error: (message) => logger.error(message),
    isDebug: options.isDebug,
  };
}
