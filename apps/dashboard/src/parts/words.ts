/** Missing is `–`, zero is `0`. */
export const MISSING = '–';

const NANO = 1e9;

export function nano(value: number | null | undefined, digits = 4): string {
  return value === null || value === undefined ? MISSING : (value / NANO).toFixed(digits);
}

export function count(value: number | null | undefined): string {
  return value === null || value === undefined ? MISSING : value.toLocaleString('en-GB');
}

/** Whole numbers beyond 2^53 come as text and stay it. */
export function whole(text: string): string {
  return text.replace(/\B(?=(\d{3})+$)/g, ',');
}

export function bytes(value: number | null | undefined): string {
  if (value === null || value === undefined) return MISSING;
  if (value < 1_000) return `${value} B`;
  const units = ['kB', 'MB', 'GB', 'TB'];
  let size = value / 1_000;
  let unit = 0;
  while (size >= 1_000 && unit < units.length - 1) {
    size /= 1_000;
    unit++;
  }
  return `${size.toFixed(size < 10 ? 1 : 0)} ${units[unit] ?? ''}`;
}

export function duration(ms: number | null | undefined): string {
  if (ms === null || ms === undefined) return MISSING;
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(ms < 10_000 ? 1 : 0)} s`;
  if (ms < 3_600_000)
    return `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1_000)} s`;
  if (ms < 86_400_000) {
    return `${Math.floor(ms / 3_600_000)} h ${Math.round((ms % 3_600_000) / 60_000)} min`;
  }
  return `${Math.floor(ms / 86_400_000)} d ${Math.round((ms % 86_400_000) / 3_600_000)} h`;
}

export function ago(atMs: number | null | undefined, nowMs: number): string {
  if (atMs === null || atMs === undefined) return 'never';
  const passed = nowMs - atMs;
  return passed < 1_500 ? 'now' : `${duration(Math.floor(passed / 1_000) * 1_000)} ago`;
}

export function instant(atMs: number | null | undefined): string {
  if (atMs === null || atMs === undefined) return MISSING;
  return new Date(atMs).toISOString().slice(0, 19).replace('T', ' ');
}

export function names(list: readonly string[], most = 3): string {
  const shown = list.slice(0, most).join(', ');
  return list.length > most ? `${shown} and ${list.length - most} more` : shown;
}
