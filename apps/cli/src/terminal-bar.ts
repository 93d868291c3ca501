const WIDTH = 20;

/** A bar of `done` of `all`, 22 characters of ASCII, for terminals and logs alike. */
export function bar(done: number, all: number): string {
  const filled = Math.max(0, Math.min(WIDTH, Math.round((WIDTH * done) / Math.max(1, all))));
  return `[${'#'.repeat(filled)}${'.'.repeat(WIDTH - filled)}]`;
}
