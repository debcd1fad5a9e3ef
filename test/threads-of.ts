/** Counts the threads of a process, and lets a program find other processors than those of the machine. */

import { readdirSync, readFileSync } from 'node:fs';

/** How many threads of a process compress layers: Linux knows their names. 0 once the process has ended, and elsewhere. */
export function compressionThreads(pid: number): number {
  return threadsCalled('compression', pid);
}

/** How many threads Node.js itself has for what its event loop must not wait for. */
export function poolThreads(pid: number): number {
  return threadsCalled('libuv-worker', pid);
}

function threadsCalled(name: string, pid: number): number {
  try {
    const tasks = readdirSync(`/proc/${pid}/task`);
    return tasks.filter((task) => nameOf(`/proc/${pid}/task/${task}/comm`) === name).length;
  } catch {
    return 0;
  }
}

/** Undefined if the thread has just ended. */
function nameOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return undefined;
  }
}

/** Options of Node.js with which a program finds so many processors. */
export function optionsForProcessors(count: number): readonly string[] {
  const script = [
    "import os from 'node:os';",
    "import { syncBuiltinESMExports } from 'node:module';",
    `os.availableParallelism = () => ${count};`,
    'syncBuiltinESMExports();',
  ];
  return ['--import', `data:text/javascript,${encodeURIComponent(script.join(' '))}`];
}
