import { TallyError } from '@tallystick/kernel';

interface Issue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

/** A schema of the protocol, as far as it is used here. */
interface Schema<T> {
  safeParse(
    value: unknown,
  ):
    | { readonly success: true; readonly data: T }
    | { readonly success: false; readonly error: { readonly issues: readonly Issue[] } };
}

/** Throws USAGE_INVALID with what is wrong, before anything is sent. */
export function checked<T>(schema: Schema<T>, value: unknown): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const detail = `${issue?.path.map(String).join('.') ?? ''} ${issue?.message ?? ''}`.trim();
  throw new TallyError('USAGE_INVALID', { detail });
}
