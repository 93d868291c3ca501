import { describe, expect, it } from 'vitest';
import { compare, flatten } from './flatten.js';
import { csvOf, latexOf } from './table-text.js';

describe('compare', () => {
  const a = flatten({ rounds: 3, local: { steps: 0, tags: [1, 2] } });
  const b = flatten({ rounds: 3, local: { steps: 5 } });

  it('names every setting of any run and says which differ', () => {
    expect(compare([a, b])).toEqual([
      { name: 'local.steps', values: ['0', '5'], differs: true },
      { name: 'local.tags', values: ['[1,2]', undefined], differs: true },
      { name: 'rounds', values: ['3', '3'], differs: false },
    ]);
  });

  it('keeps a spreadsheet from running a cell, and quotes', () => {
    const lines = [{ name: '=HYPERLINK("x")', values: ['-1', '-cmd', 'a,b'], differs: true }];
    expect(csvOf(['one', 'two', 'three'], lines)).toBe(
      `,one,two,three\n"'=HYPERLINK(""x"")",-1,'-cmd,"a,b"`,
    );
  });

  it('writes LaTeX in which no name is a command', () => {
    const lines = [{ name: 'a_b', values: ['\\input{x}', undefined], differs: true }];
    expect(latexOf(['r&d', '50%'], lines)).toContain(
      'a\\_b & \\textbackslash{}input\\{x\\} & – \\\\',
    );
  });
});
