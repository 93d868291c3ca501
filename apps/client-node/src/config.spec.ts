import { resolve } from 'node:path';
import { exitCodeOf, TallyError } from '@tallystick/kernel';
import { describe, expect, it } from 'vitest';
import { loadConfig } from './config.js';

describe('loadConfig', () => {
  it('takes the folder from the arguments, then the environment, then its default', () => {
    expect(loadConfig({ TALLY_FOLDER: '/b' }, ['--folder', '/a']).folder).toBe('/a');
    expect(loadConfig({ TALLY_FOLDER: '/b' }, [])).toEqual({
      folder: '/b',
      log: { level: 'info' },
    });
    expect(loadConfig({}, []).folder).toBe(resolve('site'));
  });

  it('names every fault and every unknown argument', () => {
    expect(() => loadConfig({ TALLY_FOLDER: '', TALLY_LOG__LEVEL: 'loud' }, [])).toThrow(
      /TALLY_FOLDER: .*\n.*TALLY_LOG__LEVEL: /,
    );
    expect(() => loadConfig({}, ['--port', '1'])).toThrow(/--port/);
  });
});

describe('exitCodeOf', () => {
  it.each([
    ['USAGE_INVALID', 64],
    ['AUTH_COORDINATOR_KEY', 64],
    ['PROTO_REPLACED', 64],
    ['DATA_FILE_UNREADABLE', 66],
    ['STORE_LOG_DAMAGED', 69],
    ['CONFIG_NODE_INVALID', 78],
    ['ENGINE_UNAVAILABLE', 70],
  ] as const)('%s ends with %d', (code, exit) => {
    expect(exitCodeOf(new TallyError(code))).toBe(exit);
  });

  it('takes anything else for an internal error', () => {
    expect(exitCodeOf(new Error('x'))).toBe(70);
  });
});
