import { CATALOGUE, type ErrorCode, TallyError } from '@tallystick/kernel';

/** An error that a child of the supervisor wrote before it ended, in its own words. */
class ChildError extends TallyError {
  override readonly hint: string;

  constructor(code: ErrorCode, text: { readonly message: string; readonly hint: string }) {
    super(code);
    this.message = text.message;
    this.hint = text.hint;
  }
}

/**
 * Why a child ended before it was ready. Our processes write `CODE: message` and then one line with a hint; anything
 * else becomes INTERNAL_PROCESS_ENDED with its last line.
 * @param said what it wrote to its log since it was started.
 */
export function childError(name: string, said: string, log: string): TallyError {
  const lines = said.split('\n').filter((line) => line.trim() !== '');
  const first = lines.findLastIndex((line) => codeOf(line) !== undefined);
  const code = codeOf(lines[first] ?? '');
  const hint = lines.at(-1);
  if (code === undefined || hint === undefined || lines.length < first + 2) {
    const reason = lines.at(-1) ?? 'it wrote nothing';
    return new TallyError('INTERNAL_PROCESS_ENDED', { name, reason, log });
  }
  const message = lines.slice(first, -1).join('\n').slice(`${code}: `.length);
  return new ChildError(code, { message, hint });
}

function codeOf(line: string): ErrorCode | undefined {
  const [, code] = /^([A-Z][A-Z_]*): /.exec(line) ?? [];
  return code !== undefined && isErrorCode(code) ? code : undefined;
}

function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(CATALOGUE, code);
}
