/** Closes an exhaustive `switch`; reached only when the types lie. */
export function assertNever(value: never): never {
  throw new TypeError(`unexpected value ${JSON.stringify(value)}`);
}
