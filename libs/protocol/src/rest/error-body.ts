import { z } from 'zod';

/** Body of every answer with a status of 400 or more. */
export const ErrorBody = z
  .strictObject({
    error: z.strictObject({
      /** Stable; listed in docs/errors.md. */
      code: z.string(),
      message: z.string(),
      /** One thing to do. */
      hint: z.string(),
      /** Place of the fault, e.g. `run.yaml:3:1` or a field's path. */
      where: z.string().optional(),
    }),
  })
  .meta({ id: 'ErrorBody' });
export type ErrorBody = z.infer<typeof ErrorBody>;
