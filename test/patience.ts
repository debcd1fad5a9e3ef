/** Time limits for tests: short on an idle machine, and long enough on a busy one. */

const sampleMs = 10;
/** A sample with an unlucky interruption would exaggerate. */
const maxFactor = 10;

/** The limit, in milliseconds, for work that takes at most `ms` on an idle machine. */
export function patience(ms: number): number {
  // Adds half as much again to this thread's present wait for a processor, because that varies.
  return Math.ceil(ms * Math.min(maxFactor, Math.max(1, 1.5 * slowness() - 0.5)));
}

/** The same in whole seconds, for `--timeout`. */
export function patienceSeconds(seconds: number): string {
  return String(Math.round(patience(seconds * 1000) / 1000));
}

/** The ratio of elapsed time to this thread's processor time: 1 if nothing else runs. */
function slowness(): number {
  const startedAt = performance.now();
  const before = process.threadCpuUsage();
  for (;;) {
    const { user, system } = process.threadCpuUsage(before);
    const usedMs = (user + system) / 1000;
    if (usedMs >= sampleMs) return (performance.now() - startedAt) / usedMs;
  }
}
