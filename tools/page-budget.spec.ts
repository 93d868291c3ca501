import { describe, expect, it } from 'vitest';
import { overBudget } from './page-budget.mjs';

const pages = ['runs/runs', 'run/run', 'round/round', 'nodes/nodes', 'compare/compare'];
const places = ['tasks', 'task', 'data', 'policy', 'consent', 'evidence', 'earnings', 'log'];
const manifest = {
  'index.html': { file: 'index.js', css: ['index.css'], imports: ['_shared.js'] },
  'site.html': { file: 'site.js' },
  ...Object.fromEntries(
    places.map((place) => [
      `src/site/pages/${place}-page.tsx`,
      { file: `${place}.js`, imports: ['site.html'] },
    ]),
  ),
  '_shared.js': { file: 'shared.js', imports: ['index.html'] },
  ...Object.fromEntries(
    pages.map((page) => [
      `src/pages/${page}-page.tsx`,
      { file: `${page}.js`, imports: ['index.html', '_shared.js'] },
    ]),
  ),
};

describe('page budget', () => {
  it('counts the entry, the page and everything they import, each once', () => {
    const sizes = (index: number) => (file: string) => (file === 'index.js' ? index : 1_000);
    expect(overBudget(manifest, sizes(78_000))).toEqual([]);
    const site = (file: string): number => (file === 'task.js' ? 79_001 : 1_000);
    expect(overBudget(manifest, site)).toEqual([
      'src/site/pages/task-page.tsx: 80001 bytes of JavaScript, the budget is 80000',
    ]);
    expect(overBudget(manifest, sizes(78_001))).toEqual([
      'src/pages/runs/runs-page.tsx: 80001 bytes of JavaScript, the budget is 80000',
    ]);
  });

  it('counts all styles together, and misses no page', () => {
    expect(overBudget(manifest, (file) => (file === 'index.css' ? 8_001 : 1))).toEqual([
      'styles: 8001 bytes, the budget is 8000',
    ]);
    const { 'src/pages/run/run-page.tsx': _, ...without } = manifest as Record<
      string,
      { file: string }
    >;
    expect(overBudget(without, () => 1)).toEqual(['src/pages/run/run-page.tsx: not in the build']);
  });
});
