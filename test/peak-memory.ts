/** The peak of a process's memory, as the kernel records it: VmHWM in proc(5). */

import { readFileSync } from 'node:fs';

/** What the program's file and its libraries take at most in pages of 4 KiB. */
const maxFileBytes = 36 * 1024 * 1024;

/**
 * Of the program's file, no more counts than what is read of it: if the system's cache holds the file in pages of 2 MiB, the
 * kernel maps them whole, which is 34 MB more, shared and given back at any time.
 *
 * @param status the content of /proc/PID/status
 * @returns bytes
 */
export function peakBytesIn(status: string): number {
  const bytesOf = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1] ?? 0) * 1024;
  return bytesOf('VmHWM') - Math.max(0, bytesOf('RssFile') - maxFileBytes);
}

/** The same of a process on this machine. @returns bytes; 0 once the process has ended */
export function peakBytesOf(pid: number | 'self'): number {
  try {
    return peakBytesIn(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return 0;
  }
}
