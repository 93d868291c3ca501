import type { IncomingMessage } from 'node:http';
import { TallyError } from '@tallystick/kernel';
import type { z } from 'zod';

/** The largest request holds a run and a date. */
const MAX_BODY_BYTES = 4_096;

/** The JSON of a request by `schema`. Throws PROTO_TOO_LARGE or USAGE_INVALID. */
export async function readBody<T>(request: IncomingMessage, schema: z.ZodType<T>): Promise<T> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of request as AsyncIterable<Buffer>) {
    bytes += piece.length;
    if (bytes <= MAX_BODY_BYTES) pieces.push(piece); // read to its end: who sent it hears why
  }
  if (bytes > MAX_BODY_BYTES) {
    throw new TallyError('PROTO_TOO_LARGE', { what: 'body', bytes, limit: MAX_BODY_BYTES });
  }
  const parsed = schema.safeParse(jsonOf(Buffer.concat(pieces).toString('utf8')));
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const detail = `${issue?.path.join('.') ?? ''} ${issue?.message ?? 'is not what is asked for'}`;
  throw new TallyError('USAGE_INVALID', { detail: detail.trim() });
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new TallyError('USAGE_INVALID', { detail: 'the body is not JSON' });
  }
}
