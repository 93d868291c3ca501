/** Where the platform tells no limit. */
const UNKNOWN_FILES = 10_240;

/**
 * How many files this process may have open: its soft limit, which Node.js raises to the hard one at its start (diagnostic
 * report, `userLimits`).
 */
export function openFilesLimit(): number {
  const soft = ['userLimits', 'open_files', 'soft'].reduce(at, process.report.getReport());
  if (soft === 'unlimited') return Number.MAX_SAFE_INTEGER;
  return typeof soft === 'number' ? soft : UNKNOWN_FILES;
}

function at(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}
