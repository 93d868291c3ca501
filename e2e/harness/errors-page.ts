import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { ROOT } from './stage.js';

/** An error as it reaches a person; frames of the wire leave the hint to docs/errors.md. */
interface Told {
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
}

const ROWS = readFileSync(join(ROOT, 'docs/errors.md'), 'utf8')
  .split('\n')
  .map((line) => line.split('|').map((cell) => cell.trim()));

/** What docs/errors.md says to do about a code. */
export function documentedHint(code: string): string {
  const row = ROWS.find(([, name]) => name === `\`${code}\``);
  if (row === undefined) throw new Error(`docs/errors.md has no ${code}`);
  return row[3] ?? '';
}

/** The code is documented, the text names every offending thing, and there is one thing to do. */
export function expectClear(told: unknown, code: string, ...offending: readonly string[]): void {
  const { message, hint, code: got } = told as Told;
  expect({ code: got, message }).toEqual({ code, message: expect.any(String) });
  for (const thing of offending) expect(message).toContain(thing);
  expect(message).not.toMatch(/\{\w+\}|undefined|\[object/);
  expect(documentedHint(code)).toMatch(/\w{3}/);
  if (hint !== undefined) {
    expect(hint).toMatch(/\w{3}/);
    expect(hint).not.toMatch(/\{\w+\}|undefined/);
  }
}
