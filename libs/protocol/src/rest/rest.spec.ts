import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import * as protocol from '../index.js';

const schemas = Object.entries<unknown>(protocol).flatMap(([name, value]) =>
  value instanceof z.ZodType ? [[name, value] as const] : [],
);

describe('REST schemas', () => {
  it.each(schemas)('%s has a JSON Schema for the OpenAPI document', (_, schema) => {
    for (const io of ['input', 'output'] as const) {
      expect(z.toJSONSchema(schema, { io, unrepresentable: 'throw' })).toHaveProperty('$schema');
    }
  });

  it('have distinct ids', () => {
    const ids = schemas.map(([, schema]) => schema.meta()?.['id']).filter((id) => id !== undefined);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.length).toBeGreaterThan(15);
  });

  it('keep amounts beyond 2^53 as text', () => {
    const launch = { spec: 'tallystick: 1', pot: '340282366920938463463374607431768211455' };
    expect(protocol.LaunchRequest.parse(launch).pot).toBe(launch.pot);
    for (const pot of ['-1', '01', '1.5', '', 1000]) {
      expect(protocol.LaunchRequest.safeParse({ ...launch, pot }).success).toBe(false);
    }
  });

  it('refuse unknown keys and values out of range', () => {
    expect(protocol.InviteRequest.safeParse({ organisation: 'a', extra: 1 }).success).toBe(false);
    expect(protocol.InviteRequest.safeParse({ organisation: '../a' }).success).toBe(false);
    expect(protocol.RoundsQuery.parse({ from: '3' })).toEqual({ from: 3, skip: 0, limit: 200 });
    expect(protocol.RoundsQuery.safeParse({ limit: '201' }).success).toBe(false);
  });
});
