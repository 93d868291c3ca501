import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson } from './index.js';

/** Inputs as JSON text, so that other languages can read them; the second group is RFC 8785's own. */
const CASES: readonly (readonly [string, string])[] = [
  ['{"b":1,"a":{"d":[],"c":{}}}', '{"a":{"c":{},"d":[]},"b":1}'],
  ['{"10":1,"9":2,"1":3}', '{"1":3,"10":1,"9":2}'],
  ['[true, false, null, "", -0, 1.0, 1e2]', '[true,false,null,"",0,1,100]'],
  ['"\\u0000\\u001f\\u007f\\/\\"\\\\"', '"\\u0000\\u001f\u007f/\\"\\\\"'],
  ['{"\\u00e9":1,"e\\u0301":2}', '{"e\u0301":2,"\u00e9":1}'],
  [
    '{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],"string":"\\u20ac$\\u000F\\u000aA\'\\u0042\\u0022\\u005c\\\\\\"\\/","literals":[null,true,false]}',
    '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
  ],
  [
    '{"\\u20ac":"Euro Sign","\\r":"Carriage Return","\\ufb33":"Hebrew Letter Dalet With Dagesh","1":"One","\\ud83d\\ude00":"Emoji: Grinning Face","\\u0080":"Control","\\u00f6":"Latin Small Letter O With Diaeresis"}',
    '{"\\r":"Carriage Return","1":"One","\u0080":"Control","ö":"Latin Small Letter O With Diaeresis","€":"Euro Sign","\ud83d\ude00":"Emoji: Grinning Face","\ufb33":"Hebrew Letter Dalet With Dagesh"}',
  ],
];

/** RFC 8785 Appendix B: binary64 bits and their only spelling. */
const NUMBERS: readonly (readonly [string, string])[] = [
  ['0000000000000000', '0'],
  ['8000000000000000', '0'],
  ['0000000000000001', '5e-324'],
  ['8000000000000001', '-5e-324'],
  ['7fefffffffffffff', '1.7976931348623157e+308'],
  ['ffefffffffffffff', '-1.7976931348623157e+308'],
  ['4340000000000000', '9007199254740992'],
  ['c340000000000000', '-9007199254740992'],
  ['4430000000000000', '295147905179352830000'],
  ['44b52d02c7e14af5', '9.999999999999997e+22'],
  ['44b52d02c7e14af6', '1e+23'],
  ['44b52d02c7e14af7', '1.0000000000000001e+23'],
  ['444b1ae4d6e2ef4e', '999999999999999700000'],
  ['444b1ae4d6e2ef4f', '999999999999999900000'],
  ['444b1ae4d6e2ef50', '1e+21'],
  ['3eb0c6f7a0b5ed8c', '9.999999999999997e-7'],
  ['3eb0c6f7a0b5ed8d', '0.000001'],
  ['41b3de4355555553', '333333333.3333332'],
  ['41b3de4355555554', '333333333.33333325'],
  ['41b3de4355555555', '333333333.3333333'],
  ['41b3de4355555556', '333333333.3333334'],
  ['41b3de4355555557', '333333333.33333343'],
  ['becbf647612f3696', '-0.0000033333333333333333'],
  ['43143ff3c1cb0959', '1424953923781206.2'],
];

describe('canonicalJson', () => {
  it.each(CASES)('%s', (input, canonical) => {
    expect(canonicalJson(JSON.parse(input))).toBe(canonical);
  });

  it.each(NUMBERS)('spells the binary64 %s as %s', (bits, spelling) => {
    const view = new DataView(new ArrayBuffer(8));
    view.setBigUint64(0, BigInt(`0x${bits}`));
    expect(canonicalJson(view.getFloat64(0))).toBe(spelling);
  });

  it('is a fixed point and loses nothing', () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false, maxDepth: 6 }), (value) => {
        const text = canonicalJson(value);
        expect(canonicalJson(JSON.parse(text))).toBe(text);
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it('does not depend on the order of insertion', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.integer()), (value) => {
        const reversed = Object.fromEntries(Object.entries(value).reverse());
        expect(canonicalJson(reversed)).toBe(canonicalJson(value));
      }),
    );
  });

  it.each([
    ['undefined', { a: undefined }, '$.a is undefined'],
    ['NaN', [Number.NaN], '$[0] is NaN'],
    ['Infinity', { a: { b: -Infinity } }, '$.a.b is -Infinity'],
    ['a bigint', { a: 1n }, '$.a is bigint'],
    ['a lone surrogate', { a: '\ud800' }, '$.a holds a lone surrogate'],
    ['a lone surrogate as key', { '\udc00': 1 }, '$ holds a lone surrogate'],
    ['a hole', Array.from({ length: 2 }), '$[0] is undefined'],
    ['a Date', { at: new Date(0) }, '$.at is object'],
    ['a function', () => 1, '$ is function'],
    ['a Map', new Map(), '$ is object'],
  ])('refuses %s', (_, value, message) => {
    expect(() => canonicalJson(value)).toThrow(message);
  });

  it('refuses a cycle and deep nesting', () => {
    const cycle: Record<string, unknown> = {};
    cycle['self'] = cycle;
    expect(() => canonicalJson(cycle)).toThrow('nested deeper than 64');
  });

  it('canonical-json.json', async () => {
    const cases = CASES.map(([input, canonical]) => ({ input, canonical }));
    const numbers = NUMBERS.map(([bits, canonical]) => ({ bits, canonical }));
    await expect(`${JSON.stringify({ cases, numbers }, null, 2)}\n`).toMatchFileSnapshot(
      '../../../test-vectors/canonical-json.json',
    );
  });
});
