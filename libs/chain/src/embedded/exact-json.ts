/** JSON whose integers beyond 2^53 are bigint instead of a rounded number. */
export type ExactJson =
  | null
  | boolean
  | number
  | bigint
  | string
  | readonly ExactJson[]
  | { readonly [name: string]: ExactJson };

const MAX_DEPTH = 64;
const TOKEN =
  /[ \t\n\r]*(?:([{}[\],:])|("(?:[^"\\]|\\.)*")|(-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)|(true|false|null))/y;

/**
 * Parses RFC 8259 JSON without rounding balances: `JSON.parse` turns 1000000000000000001 into 1000000000000000000, and
 * a genesis would be built from that. Throws RangeError.
 */
export function parseExactJson(text: string): ExactJson {
  const tokens = new Tokens(text);
  const value = parseValue(tokens, 0);
  tokens.end();
  return value;
}

/** The text of a value; bigints are written as integers. */
export function formatExactJson(value: ExactJson): string {
  if (typeof value === 'bigint') return value.toString();
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  if (isList(value)) return `[${value.map(formatExactJson).join(',')}]`;
  const members = Object.entries(value).map(
    ([name, member]) => `${JSON.stringify(name)}:${formatExactJson(member)}`,
  );
  return `{${members.join(',')}}`;
}

/** JSON merge patch (RFC 7396): objects are merged, null removes, everything else replaces. */
export function mergePatch(target: ExactJson, patch: ExactJson): ExactJson {
  if (!isObject(patch)) return patch;
  const merged = new Map(isObject(target) ? Object.entries(target) : []);
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) merged.delete(name);
    else merged.set(name, mergePatch(merged.get(name) ?? null, value));
  }
  return Object.fromEntries(merged);
}

function isList(value: ExactJson): value is readonly ExactJson[] {
  return Array.isArray(value);
}

function isObject(value: ExactJson): value is { readonly [name: string]: ExactJson } {
  return value !== null && typeof value === 'object' && !isList(value);
}

class Tokens {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** The next token, as written. */
  next(): string {
    TOKEN.lastIndex = this.#at;
    const match = TOKEN.exec(this.#text);
    if (match === null) throw new RangeError(`not JSON at character ${this.#at}`);
    this.#at = TOKEN.lastIndex;
    return match[1] ?? match[2] ?? match[3] ?? match[4] ?? '';
  }

  /** Takes the next token if it is `token`. */
  accept(token: string): boolean {
    const before = this.#at;
    if (this.next() === token) return true;
    this.#at = before;
    return false;
  }

  expect(token: string): void {
    const at = this.#at;
    if (this.next() !== token) throw new RangeError(`${token} expected at character ${at}`);
  }

  end(): void {
    if (this.#text.slice(this.#at).trim() !== '') {
      throw new RangeError(`text after the JSON value at character ${this.#at}`);
    }
  }
}

function parseValue(tokens: Tokens, depth: number): ExactJson {
  if (depth > MAX_DEPTH) throw new RangeError(`JSON nested deeper than ${MAX_DEPTH}`);
  const token = tokens.next();
  if (token === '[') return parseList(tokens, depth);
  if (token === '{') return parseObject(tokens, depth);
  if (/^-?\d+$/.test(token) && !Number.isSafeInteger(Number(token))) return BigInt(token);
  return parseScalar(token);
}

function parseScalar(token: string): ExactJson {
  if (token === 'null') return null;
  if (token === 'true' || token === 'false') return token === 'true';
  if (token.startsWith('"')) return parseString(token);
  if (/^[-\d]/.test(token)) return Number(token);
  throw new RangeError(`a JSON value expected, got ${token}`);
}

/** The text of a string token; escapes and control characters are JSON.parse's business. */
function parseString(token: string): string {
  try {
    return String(JSON.parse(token));
  } catch {
    throw new RangeError(`not a JSON string: ${token.slice(0, 80)}`);
  }
}

function parseList(tokens: Tokens, depth: number): ExactJson {
  const items: ExactJson[] = [];
  if (tokens.accept(']')) return items;
  do items.push(parseValue(tokens, depth + 1));
  while (tokens.accept(','));
  tokens.expect(']');
  return items;
}

function parseObject(tokens: Tokens, depth: number): ExactJson {
  const members = new Map<string, ExactJson>();
  if (tokens.accept('}')) return {};
  do {
    const name = tokens.next();
    if (!name.startsWith('"')) throw new RangeError(`a member name expected, got ${name}`);
    tokens.expect(':');
    members.set(parseString(name), parseValue(tokens, depth + 1));
  } while (tokens.accept(','));
  tokens.expect('}');
  return Object.fromEntries(members);
}
