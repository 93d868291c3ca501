import { LIMITS } from '@tallystick/protocol';
import { z } from 'zod';

const { maxPageHeaders } = LIMITS;

/** Query of `GET /runs/{run}/headers`. */
export const HeadersQuery = z
  .strictObject({
    from: z.coerce.number().int().min(0).default(0),
    limit: z.coerce.number().int().min(1).max(maxPageHeaders).default(maxPageHeaders),
  })
  .meta({ id: 'HeadersQuery' });
export type HeadersQuery = z.infer<typeof HeadersQuery>;
