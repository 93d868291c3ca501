import { asHash, asNodeId, asRunId, type Hash, type NodeId, type RunId } from '@tallystick/kernel';
import { z } from 'zod';

const U32 = 0xffff_ffff;

/** Path parameter `:sha256`. */
export const sha256Param = z
  .string()
  .regex(/^[0-9a-f]{64}$/, 'must be 64 lower-case hex digits')
  .transform((text): Hash => asHash(text));

/** Path parameter `:run`. */
export const runParam = z.coerce
  .number()
  .int()
  .min(0)
  .max(U32)
  .transform((run): RunId => asRunId(run));

/** Path parameter `:node`. */
export const nodeParam = z.coerce
  .number()
  .int()
  .min(0)
  .max(U32)
  .transform((node): NodeId => asNodeId(node));

/** Path parameter `:round`. */
export const roundParam = z.coerce.number().int().min(0).max(U32);
