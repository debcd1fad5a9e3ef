/** Limits of time for tests: short where the machine is idle, and no cause of a failure where it is busy. */

const sampleMs = 10;
/** A sample that was interrupted once more than others tells too much. */
const maxFactor = 10;

/** The time that takes `ms` on an idle machine. */
export function patience(ms: number): number {
  // Half as much again as this thread waits for a processor now, since that varies.
  return Math.ceil(ms * Math.min(maxFactor, Math.max(1, 1.5 * slowness() - 0.5)));
}

/** The same in whole seconds, as `--timeout` takes them. */
export function patienceSeconds(seconds: number): string {
  return String(Math.round(patience(seconds * 1000) / 1000));
}

/** How much longer than its own processor time this thread takes: 1 where nothing else wants to run. */
function slowness(): number {
  const startedAt = performance.now();
  const before = process.threadCpuUsage();
  for (;;) {
    const { user, system } = process.threadCpuUsage(before);
    const usedMs = (user + system) / 1000;
    if (usedMs >= sampleMs) return (performance.now() - startedAt) / usedMs;
  }
}
