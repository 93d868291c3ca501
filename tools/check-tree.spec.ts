import { describe, expect, it } from 'vitest';
import { faultsOf } from './check-tree.mjs';

describe('faultsOf', () => {
  it('accepts an ordinary file', () => {
    expect(faultsOf({ path: 'a.ts', text: "fetch('/api/v1/work-items');\n" })).toEqual([]);
  });

  it('counts lines of sources only', () => {
    const text = '//\n'.repeat(401);
    expect(faultsOf({ path: 'a.ts', text })[0]).toContain('401 lines');
    expect(faultsOf({ path: 'a.md', text })).toEqual([]);
    expect(faultsOf({ path: 'a.ts', text: text.slice(3) })).toEqual([]);
  });

  it('finds paths of one machine', () => {
    const text = `see ${['', 'home', 'ann', 'x'].join('/')}\n`;
    expect(faultsOf({ path: 'a.md', text })[0]).toContain('path of one machine');
  });

  it('finds skipped and focused tests', () => {
    const text = `${['it', 'skip'].join('.')}('later');\n`;
    expect(faultsOf({ path: 'a.spec.ts', text })[0]).toContain('skipped');
  });

  it('finds tests that are tried again', () => {
    const text = `it('a', { ${['retry', '2'].join(': ')} }, f);\n`;
    expect(faultsOf({ path: 'a.e2e.ts', text })[0]).toContain('tried again');
    expect(faultsOf({ path: 'a.ts', text })).toEqual([]);
  });

  it('finds registries in lock files', () => {
    const text = `{ ${['"resolved": "http', 's://registry.example/x.tgz"'].join('')} }`;
    expect(faultsOf({ path: 'package-lock.json', text })[0]).toContain('names a registry');
  });
});
