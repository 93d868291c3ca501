import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { crashPointsOf, NO_CRASH } from './crash-points.js';

describe('crash points', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tally-crash-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('let every other point and round pass', () => {
    const crash = crashPointsOf('inside-close:3', folder);
    crash.hit('inside-close', 2);
    crash.hit('rows-no-close', 3);
    NO_CRASH.hit('inside-close', 3);
    expect(existsSync(join(folder, 'crashed-inside-close'))).toBe(false);
  });

  it('pass once the marker is there', () => {
    const script = `require('fs').writeFileSync(process.argv[1], '')`;
    spawnSync(process.execPath, ['-e', script, join(folder, 'crashed-inside-close')]);
    crashPointsOf('inside-close:stop', folder).hit('inside-close', 0);
  });
});
