import { describe, expect, it } from 'vitest';
import { findBinaries } from './binaries.js';
import { lookUp } from './owner.js';
import { parseLsof } from './postmaster.js';
import { socketUrl } from './socket-folder.js';

describe('findBinaries', () => {
  it('says what to do on a platform without binaries', async () => {
    await expect(findBinaries('plan9-mips')).rejects.toMatchObject({
      code: 'STORE_POSTGRES_UNAVAILABLE',
      message: expect.stringContaining('plan9-mips'),
      hint: expect.stringContaining('TALLY_DATABASE__URL'),
    });
  });
});

describe('lookUp', () => {
  it('reads passwd(5)', () => {
    const passwd = 'root:x:0:0:root:/:/bin/sh\nnobody:x:65534:65533:nobody:/:/usr/sbin/nologin\n';
    expect(lookUp(passwd, 'nobody')).toEqual({ uid: 65534, gid: 65533 });
    expect(lookUp(passwd, 'nobod')).toBeUndefined();
  });
});

describe('parseLsof', () => {
  it('finds the processes that work in the cluster', () => {
    const output = 'p12\nfcwd\nn/data/a\np13\nfcwd\nn/data/ab\np14\nfcwd\nn/data/a\n';
    expect(parseLsof(output, '/data/a')).toEqual([12, 14]);
  });
});

describe('socketUrl', () => {
  it('escapes the folder', () => {
    expect(socketUrl('/tmp/tally-1')).toBe('postgres://postgres@%2Ftmp%2Ftally-1:5432/postgres');
  });
});
