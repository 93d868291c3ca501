import { describe, expect, it } from 'vitest';
import { CATALOGUE, type ErrorCode, exitCodeOf, TallyError } from '../index.js';

const codeOf = (code: ErrorCode): number => exitCodeOf(new TallyError(code));

describe('exitCodeOf', () => {
  it('gives every code of the catalogue an exit that is not success', () => {
    for (const code of Object.keys(CATALOGUE) as ErrorCode[]) {
      expect([20, 21, 64, 66, 69, 70, 78], code).toContain(codeOf(code));
    }
  });

  it.each([
    ['USAGE_INVALID', 64],
    ['AUTH_COORDINATOR_KEY', 64],
    ['PROTO_REPLACED', 64],
    ['DATA_COLUMN_MISSING', 66],
    ['AUDIT_BUNDLE_MALFORMED', 66],
    ['AUDIT_UNAVAILABLE', 69],
    ['NET_UNREACHABLE', 69],
    ['CONFIG_PORT_IN_USE', 78],
    ['ROUND_RUN_FAILED', 20],
    ['ROUND_RUN_CANCELLED', 21],
    ['ENGINE_UNAVAILABLE', 70],
  ] as const)('%s → %i', (code, exit) => {
    expect(codeOf(code)).toBe(exit);
  });

  it('anything else is internal', () => {
    expect(exitCodeOf(new Error('x'))).toBe(70);
    expect(exitCodeOf(undefined)).toBe(70);
  });
});
