import { type AccountId, asAccountId, TallyError } from '@tallystick/kernel';
import { spkiPin } from '@tallystick/protocol';
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

/** An account as 64 hex digits, with or without 0x. */
export function accountOf(text: string): AccountId {
  const hex = text.toLowerCase().replace(/^0x/, '');
  if (/^[0-9a-f]{64}$/.test(hex)) return asAccountId(hex);
  throw new TallyError('USAGE_INVALID', { detail: `${text} is no account of 64 hex digits` });
}

/** A pinned public key: `sha256/` and its base64. Throws USAGE_INVALID. */
export function pinOf(text: string): string {
  const pin = spkiPin.safeParse(text.trim());
  if (pin.success) return pin.data;
  throw new TallyError('USAGE_INVALID', { detail: `${text} is no pin: sha256/ and 44 characters` });
}

/** Collects a repeatable option. */
export function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}
