import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fingerprint, isFresh } from './build.mjs';

describe('build', () => {
  let root: string;

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'tally-build-'));
    for (const folder of ['libs/a/src/deep', 'libs/a/dist', 'node_modules/.cache']) {
      mkdirSync(join(root, folder), { recursive: true });
    }
    writeFileSync(join(root, 'package.json'), '{}');
    writeFileSync(join(root, 'tsconfig.build.json'), '{"references":[{"path":"libs/a"}]}');
    writeFileSync(join(root, 'libs/a/src/deep/x.ts'), 'export {};');
    writeFileSync(join(root, 'libs/a/dist/.tsbuildinfo'), '');
    stamp();
  });

  afterEach(() => rmSync(root, { recursive: true }));

  function stamp(): void {
    writeFileSync(join(root, 'node_modules/.cache/tally-build.stamp'), fingerprint(root));
  }

  it('is fresh after a build', () => {
    expect(isFresh(root)).toBe(true);
  });

  it('is stale when a source, a config or the file list changed, also backwards in time', () => {
    const source = join(root, 'libs/a/src/deep/x.ts');
    utimesSync(source, new Date(0), new Date(0));
    expect(isFresh(root)).toBe(false);
    stamp();
    writeFileSync(join(root, 'package.json'), '{ }');
    expect(isFresh(root)).toBe(false);
    stamp();
    rmSync(source);
    expect(isFresh(root)).toBe(false);
  });

  it('is stale when an output is gone', () => {
    rmSync(join(root, 'libs/a/dist'), { recursive: true });
    expect(isFresh(root)).toBe(false);
  });

  it('does not count specs', () => {
    writeFileSync(join(root, 'libs/a/src/deep/x.spec.ts'), '');
    expect(isFresh(root)).toBe(true);
  });
});
