import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatExactJson, mergePatch, parseExactJson } from './exact-json.js';

describe('exact JSON', () => {
  test('keeps integers that JSON.parse would round', () => {
    const text = '{"balances":[["5F",1000000000000000001],["5G",-9007199254740993]],"small":3}';
    expect(parseExactJson(text)).toEqual({
      balances: [
        ['5F', 1_000_000_000_000_000_001n],
        ['5G', -9_007_199_254_740_993n],
      ],
      small: 3,
    });
    expect(formatExactJson(parseExactJson(text))).toBe(text);
    expect(JSON.stringify(JSON.parse(text))).not.toBe(text);
  });

  test('digits inside texts stay texts', () => {
    const text = '["x: 12345678901234567890, y","a\\"b",":99999999999999999999,"]';
    expect(parseExactJson(text)).toEqual(JSON.parse(text));
    expect(formatExactJson(parseExactJson(text))).toBe(text);
  });

  test('agrees with JSON.parse on everything it can hold', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 5 }), (text) => {
        expect(JSON.parse(formatExactJson(parseExactJson(text)))).toEqual(JSON.parse(text));
      }),
    );
  });

  test('refuses what is not JSON', () => {
    const bad = [
      '',
      '{',
      '[1,]',
      '{"a":1,}',
      '{a:1}',
      '01',
      '1 2',
      '"\u0001"',
      'tru',
      '{"a" 1}',
      '[1 2]',
      '"\\x"',
      ']',
      '-',
    ];
    for (const text of [...bad, '['.repeat(100) + ']'.repeat(100)]) {
      expect(() => parseExactJson(text), text).toThrow(RangeError);
    }
  });

  test('merge patch of RFC 7396', () => {
    const cases: [string, string, string][] = [
      ['{"a":"b"}', '{"a":"c"}', '{"a":"c"}'],
      ['{"a":"b","b":"c"}', '{"a":null}', '{"b":"c"}'],
      ['{"a":["b"]}', '{"a":"c"}', '{"a":"c"}'],
      ['{"a":{"b":"c"}}', '{"a":{"b":"d","c":null}}', '{"a":{"b":"d"}}'],
      ['{"a":[{"b":"c"}]}', '{"a":[1]}', '{"a":[1]}'],
      ['["a","b"]', '["c","d"]', '["c","d"]'],
      ['[1,2]', '{"a":"b","c":null}', '{"a":"b"}'],
      ['{}', '{"a":{"bb":{"ccc":null}}}', '{"a":{"bb":{}}}'],
    ];
    for (const [target, patch, result] of cases) {
      const merged = mergePatch(parseExactJson(target), parseExactJson(patch));
      expect(formatExactJson(merged)).toBe(result);
    }
  });
});
