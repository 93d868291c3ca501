/** Deepest nesting that is written; everything the protocol hashes is far below. */
const MAX_DEPTH = 64;

/**
 * Canonical JSON (RFC 8785): no white space, keys sorted by UTF-16 code units, ECMAScript numbers. Takes null,
 * booleans, finite numbers, well-formed strings, arrays and plain objects; anything else (undefined, NaN,
 * Infinity, bigint, a lone surrogate, a class instance, nesting over 64) throws RangeError naming its path.
 */
export function canonicalJson(value: unknown): string {
  return write(value, '$', 0);
}

function write(value: unknown, path: string, depth: number): string {
  if (depth > MAX_DEPTH) throw new RangeError(`${path} is nested deeper than ${MAX_DEPTH}`);
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'string') return quote(value, path);
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new RangeError(`${path} is ${value}, not a finite number`);
    return JSON.stringify(value);
  }
  if (Array.isArray(value)) {
    return `[${Array.from(value, (item, i) => write(item, `${path}[${i}]`, depth + 1)).join(',')}]`;
  }
  if (!isPlainObject(value)) throw new RangeError(`${path} is ${typeof value}, not JSON`);
  const members = Object.keys(value)
    .sort()
    .map((key) => `${quote(key, path)}:${write(value[key], `${path}.${key}`, depth + 1)}`);
  return `{${members.join(',')}}`;
}

function quote(text: string, path: string): string {
  if (/\p{Surrogate}/u.test(text)) throw new RangeError(`${path} holds a lone surrogate`);
  return JSON.stringify(text);
}

function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
