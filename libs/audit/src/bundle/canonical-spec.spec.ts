import { utf8 } from '@tallystick/kernel';
import { describe, expect, it } from 'vitest';
import { decodeChainSpec, encodeChainSpec } from './canonical-spec.js';

const TOP = { '0x02': '0x', '0x01': '0xab', '0x3a636f6465': '0x00' };

describe('chain/spec.json', () => {
  it('has one form, whatever the order and the case of the digits', () => {
    const bytes = encodeChainSpec(TOP);
    expect(encodeChainSpec({ '0x3A636F6465': '0x00', '0x01': '0xAB', '0x02': '0x' })).toEqual(
      bytes,
    );
    expect(decodeChainSpec(bytes).genesis.raw.top).toEqual(TOP);
  });

  const text = new TextDecoder().decode(encodeChainSpec(TOP));
  it.each([
    ['capital digits', text.replace('0xab', '0xAB')],
    ['half a byte', text.replace('0xab', '0xa')],
    ['no hex', text.replace('0xab', '0xzz')],
    ['no 0x', text.replace('0xab', 'ab')],
    ['a number', text.replace('"0xab"', '1')],
    ['another name', text.replace('"name":"Tallystick"', '"name":"Other"')],
    ['boot nodes', text.replace('"bootNodes":[]', '"bootNodes":["x"]')],
    ['a code substitute', text.replace('"codeSubstitutes":{}', '"codeSubstitutes":{"1":"0x00"}')],
    ['a child trie', text.replace('"childrenDefault":{}', '"childrenDefault":{"0x01":{}}')],
    ['white space', `${text} `],
    ['a key twice', text.replace('"0x01":"0xab"', '"0x01":"0xab","0x01":"0xab"')],
    ['no state', '{}'],
    ['an array', '[]'],
    ['half a file', text.slice(0, -1)],
    ['depth', '{"genesis":'.repeat(100_000)],
  ])('refuses %s', (_, other) => {
    expect(() => decodeChainSpec(utf8(other))).toThrow(/not valid: chain\/spec\.json/);
  });
});
