import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { asNodeId } from '@tallystick/kernel';
import { SeededEntropy, VirtualClock } from '@tallystick/kernel/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ApiToken } from './api-token.js';
import { SessionTokens } from './session-tokens.js';

describe('SessionTokens', () => {
  const clock = new VirtualClock();
  const tokens = new SessionTokens(1000, { entropy: new SeededEntropy(7), clock });

  it('gives back the node until the token expires', async () => {
    const token = tokens.issue(asNodeId(41));
    expect(tokens.check(token)).toBe(41);
    await clock.advance(1000);
    expect(tokens.check(token)).toBeUndefined();
  });

  it('ends the tokens that a node has, and neither a later one nor another node’s', async () => {
    const [old, other] = [tokens.issue(asNodeId(3)), tokens.issue(asNodeId(4))];
    tokens.end(asNodeId(3));
    expect(tokens.check(old)).toBeUndefined();
    expect(tokens.check(other)).toBe(4);
    await clock.advance(1);
    expect(tokens.check(tokens.issue(asNodeId(3)))).toBe(3);
  });

  it('refuses a token with any bit changed, cut or made by another process', () => {
    const token = Buffer.from(tokens.issue(asNodeId(1)), 'base64url');
    for (let bit = 0; bit < token.length * 8; bit++) {
      const changed = Buffer.from(token);
      changed.writeUInt8(changed.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      expect(tokens.check(changed.toString('base64url'))).toBeUndefined();
    }
    expect(tokens.check(token.subarray(1).toString('base64url'))).toBeUndefined();
    const other = new SessionTokens(1000, { entropy: new SeededEntropy(8), clock });
    expect(other.check(token.toString('base64url'))).toBeUndefined();
  });
});

describe('ApiToken', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tally-token-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('is made once, readable by its owner alone, and kept', async () => {
    const path = join(folder, 'api-token');
    await ApiToken.load(path);
    const text = (await readFile(path, 'utf8')).trim();
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    const again = await ApiToken.load(path);
    expect(again.matches(text)).toBe(true);
    expect(again.matches(`${text}x`)).toBe(false);
    expect(again.matches('')).toBe(false);
  });

  it('refuses a file that is too short to be a token', async () => {
    const path = join(folder, 'api-token');
    await writeFile(path, 'secret\n');
    await expect(ApiToken.load(path)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });
});
