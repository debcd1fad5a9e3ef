/** Formats bytes, durations and counts for people. */

const units = ['B', 'kB', 'MB', 'GB', 'TB'] as const;

/** `1.5 MB`, in decimal units, as on Bitbucket's pages and in most tools. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${value.toFixed(unit === 0 || value >= 99.95 ? 0 : value < 9.995 ? 2 : 1)} ${units[unit]}`;
}

/** Two sizes that differ, as `formatBytes` shows them, or as `1001 bytes` and `1002 bytes` if it would show them alike. */
export function formatDifferentBytes(one: number, other: number): readonly [string, string] {
  const shown = [formatBytes(one), formatBytes(other)] as const;
  return shown[0] === shown[1] ? [`${one} bytes`, `${other} bytes`] : shown;
}

/** `850 ms`, `12.3 s`, `4 min 05 s`, `2 h 03 min`. */
export function formatDuration(ms: number): string {
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${pad(seconds % 60)} s`;
  return `${Math.floor(minutes / 60)} h ${pad(minutes % 60)} min`;
}

/** `1 file`, `2 files`. */
export function formatCount(count: number, singular: string, plural = `${singular}s`): string {
  return `${count} ${count === 1 ? singular : plural}`;
}

function pad(value: number): string {
  return String(value).padStart(2, '0');
}
