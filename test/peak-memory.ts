/** The peak of a process's memory, as the kernel records it: VmHWM in proc(5). */

import { readFileSync } from 'node:fs';

/** @returns bytes; 0 once the process has ended */
export function peakBytesOf(pid: number | 'self'): number {
  try {
    return Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}
