import { InvalidArgumentError } from 'commander';

/** Parser of a whole number ≥ 0 for commander. */
export function integerOption(name: string): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || !Number.isSafeInteger(value)) {
      throw new InvalidArgumentError(`${name} takes a whole number, got ${text}`);
    }
    return value;
  };
}

/** Parser of an amount of units, up to u128. */
export function amountOption(name: string): (text: string) => bigint {
  return (text) => {
    if (!/^\d{1,38}$/.test(text)) {
      throw new InvalidArgumentError(`${name} takes a number of units, got ${text}`);
    }
    return BigInt(text);
  };
}

/** Collects a repeatable option. */
export function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}
