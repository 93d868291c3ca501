import type { z } from 'zod';

/**
 * Lets a rule between fields of one object speak although other fields of it are at fault, so that all faults come
 * at once. `keys` are the fields whose values the rule reads; none when it only looks which fields are there.
 */
export function alsoBeside(...keys: readonly string[]): {
  when: (payload: z.core.ParsePayload) => boolean;
} {
  return {
    when: ({ value, issues }) =>
      typeof value === 'object' &&
      value !== null &&
      issues.every(({ path }) => !keys.includes(String(path?.[0]))),
  };
}
