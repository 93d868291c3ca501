import { fromHex } from '@tallystick/kernel';
import type { ColumnType, ValueTransformer } from 'typeorm';

/** What both `@Column` and `@PrimaryColumn` take. */
interface NamedColumn {
  readonly name: string;
  readonly type: ColumnType;
  readonly precision?: number;
  readonly transformer: ValueTransformer;
}

/** bytea in the database, lower-case hex in the program. */
const hexBytes: ValueTransformer = {
  to: (hex: string | null | undefined) =>
    typeof hex === 'string' ? Buffer.from(fromHex(hex)) : hex,
  from: (bytes: Buffer | null) => (bytes === null ? null : bytes.toString('hex')),
};

/** bigint or numeric in the database, bigint in the program. */
const wholeNumber: ValueTransformer = {
  to: (value: bigint | null | undefined) => (typeof value === 'bigint' ? value.toString() : value),
  from: (text: string | null) => (text === null ? null : BigInt(text)),
};

/** Column of exact bytes shown as hex: hashes, keys, records. */
export const bytesColumn = (name: string): NamedColumn => ({
  name,
  type: 'bytea',
  transformer: hexBytes,
});

/** Column of a u64 (numeric(20) holds all of it; bigint would lose the upper half). */
export const u64Column = (name: string): NamedColumn => ({
  name,
  type: 'numeric',
  precision: 20,
  transformer: wholeNumber,
});

/** Column of an on-chain amount (u128). */
export const amountColumn = (name: string): NamedColumn => ({
  name,
  type: 'numeric',
  precision: 39,
  transformer: wholeNumber,
});

/** Column of a u32 number: chain ids and block numbers. int8 in the database, safe as a number here. */
export const u32Column = (name: string): NamedColumn => ({
  name,
  type: 'bigint',
  transformer: {
    to: (value: number | null | undefined) => value,
    from: (text: string | null) => (text === null ? null : Number(text)),
  },
});

/** The same column where it may be NULL. */
export const nullable = (options: NamedColumn): NamedColumn & { readonly nullable: true } => ({
  ...options,
  nullable: true,
});
