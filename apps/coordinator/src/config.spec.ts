import { describe, expect, it } from 'vitest';
import { isTallyError } from '@tallystick/kernel';
import { ConfigSchema, loadConfig, settingNames } from './config.js';

const noFile = (path: string): string => {
  throw new Error(`ENOENT ${path}`);
};

function faultsOf(env: Record<string, string>): string {
  try {
    loadConfig(env, noFile);
  } catch (error) {
    if (isTallyError(error, 'CONFIG_INVALID')) return error.message;
    throw error;
  }
  throw new Error('accepted');
}

describe('loadConfig', () => {
  it('needs nothing set', () => {
    const { config } = loadConfig({}, noFile);
    expect(config).toMatchObject({ data: '.tally', host: '127.0.0.1', port: 7700 });
    expect(config.database.url).toBeUndefined();
  });

  it('reads nested names, numbers and files', () => {
    const { config } = loadConfig(
      {
        TALLY_PORT: '0',
        TALLY_DATABASE__POOL_SIZE: '7',
        TALLY_DATABASE__URL_FILE: '/run/secrets/db',
        TALLY_CHAIN__URL: 'ws://127.0.0.1:9955',
      },
      () => 'postgres://u@h/db\n',
    );
    expect(config.port).toBe(0);
    expect(config.database).toEqual({ poolSize: 7, url: 'postgres://u@h/db' });
    expect(config.chain.url).toBe('ws://127.0.0.1:9955');
  });

  it('names every fault at once', () => {
    const text = faultsOf({
      TALLY_PORT: 'seventy',
      TALLY_DATABASE__URL: 'mysql://x',
      TALLY_LOG__LEVEL: 'loud',
      TALLY_CHAIN__URL_FILE: '/nowhere',
    });
    for (const part of ['TALLY_PORT', 'TALLY_DATABASE__URL', 'TALLY_LOG__LEVEL', '/nowhere']) {
      expect(text).toContain(part);
    }
  });

  it('reports names that are no setting without refusing them', () => {
    expect(loadConfig({ TALLY_PROT: '1', HOME: '/x' }, noFile).unknown).toEqual(['TALLY_PROT']);
  });

  it('refuses the crash switch outside tests and throw-away services in production', () => {
    const crash = { TALLY_TEST__CRASH_AT: 'inside-close:3' };
    expect(faultsOf(crash)).toContain('TALLY_TEST__CRASH_AT');
    expect(faultsOf({ ...crash, NODE_ENV: 'production' })).toContain('TALLY_DATABASE__URL');
    expect(loadConfig({ ...crash, NODE_ENV: 'test' }, noFile).config.test.crashAt).toBe(
      'inside-close:3',
    );
    expect(faultsOf({ TALLY_TEST__CRASH_AT: 'nowhere', NODE_ENV: 'test' })).toContain(
      'must be one of',
    );
  });

  it('lists every variable', () => {
    expect(settingNames(ConfigSchema)).toContain('TALLY_DATABASE__POOL_SIZE');
  });
});
