import { CATALOGUE, ERROR_FAMILIES } from '@tallystick/kernel';
import { LIMIT_NOTES, LIMITS } from '@tallystick/protocol';
import { describe, expect, it } from 'vitest';
import { configPage, errorsPage, limitsPage } from './docs-pages.mjs';

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
  const page = limitsPage(LIMITS, LIMIT_NOTES);

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
      log: { properties: { level: { enum: ['a', 'b'], description: 'How | much.' } } },
    },
  };
  const app = { title: 'App', intro: 'It runs.', schema };

  it('pairs names with settings', () => {
    const page = configPage([{ ...app, names: ['TALLY_PORT', 'TALLY_LOG__LEVEL'] }]);
    expect(page).toContain('| `TALLY_PORT` | A port. | 0 to 9 | `7` |');
    expect(page).toContain('| `TALLY_LOG__LEVEL` | How \\| much. | `a`, `b` |  |');
  });

  it('refuses names that do not fit the schema', () => {
    expect(() => configPage([{ ...app, names: ['TALLY_PORT'] }])).toThrow('1 names for 2');
  });
});
