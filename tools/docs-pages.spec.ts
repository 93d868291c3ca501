import { CATALOGUE, ERROR_FAMILIES } from '@tallystick/kernel';
import { LIMIT_NOTES, LIMITS } from '@tallystick/protocol';
import { describe, expect, it } from 'vitest';
import { fileURLToPath } from 'node:url';
import { innerLimits } from './inner-limits.mjs';
import { configPage, decisionsPage, errorsPage, limitsPage } from './docs-pages.mjs';

describe('errorsPage', () => {
  const rust =
    '    pub enum Error<T> {\n        /// One,\n        /// two.\n        BadProof,\n    }\n';
  const page = errorsPage(ERROR_FAMILIES, rust);

  it("explains the chain's reasons", () => {
    expect(page).toContain('| `BadProof` | One, two. |');
  });

  it('has one row for every code', () => {
    for (const code of Object.keys(CATALOGUE)) {
      expect(page.match(new RegExp(`^\\| \`${code}\``, 'gm')), code).toHaveLength(1);
    }
  });

  it('keeps every row on one line with six cells', () => {
    for (const row of page.split('\n').filter((line) => /^\| `[A-Z]+_/.test(line))) {
      expect(row.replaceAll('\\|', '').split('|')).toHaveLength(8);
    }
  });
});

describe('limitsPage', () => {
  const inner = innerLimits(fileURLToPath(new URL('..', import.meta.url)));
  const page = limitsPage(LIMITS, LIMIT_NOTES, inner);

  it('reads the bounds inside the processes from the constants that enforce them', () => {
    expect(inner.length).toBeGreaterThan(30);
    expect(inner.every(({ value }) => Number.isSafeInteger(value) && value > 0)).toBe(true);
    expect(page).toContain('| `libs/training` | 1024 MiB | A CSV file. |');
  });

  it('has every limit in a readable unit', () => {
    for (const name of Object.keys(LIMITS)) expect(page).toContain(`\`${name}\``);
    expect(page).toContain('| `chunkBytes` | 1 MiB |');
    expect(page).toContain('| `inviteMs` | 24 h |');
  });
});

describe('configPage', () => {
  const schema = {
    properties: {
      port: { type: 'integer', minimum: 0, maximum: 9, default: 7, description: 'A port.' },
      log: { properties: { minLevel: { enum: ['a', 'b'], description: 'How | much.' } } },
    },
  };
  const app = { title: 'App', intro: 'It runs.', schema };

  it('names every setting as the environment does', () => {
    const page = configPage([app], []);
    expect(page).toContain('| `TALLY_PORT` | A port. | 0 to 9 | `7` |');
    expect(page).toContain('| `TALLY_LOG__MIN_LEVEL` | How \\| much. | `a`, `b` |  |');
  });

  it('names every setting of a file by its path', () => {
    const page = configPage([], [app]);
    expect(page).toContain('| `port` | A port. | 0 to 9 | `7` |');
    expect(page).toContain('| `log.minLevel` | How \\| much. | `a`, `b` |  |');
  });
});

describe('decisionsPage', () => {
  it('lists decisions by number and refuses a file without one', () => {
    const file = '0001-a.md';
    expect(decisionsPage([{ file, text: '# 0001: Do a\n' }])).toContain(
      '| [0001](0001-a.md) | Do a |',
    );
    expect(() => decisionsPage([{ file, text: '# Do a\n' }])).toThrow(file);
  });
});
