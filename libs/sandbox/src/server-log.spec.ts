import { describe, expect, it } from 'vitest';
import { bestReason } from './server-log.js';

describe('bestReason', () => {
  it('prefers the fatal line to what follows it', () => {
    const log = [
      '2026-01-01 00:00:00.000 UTC [9] FATAL:  lock file "postmaster.pid" already exists',
      '2026-01-01 00:00:00.000 UTC [9] HINT:  Is another postmaster running?',
    ];
    expect(bestReason(log.join('\n'))).toBe('lock file "postmaster.pid" already exists');
    expect(bestReason('initdb: error: no space\ninitdb: removing')).toBe('initdb: error: no space');
    expect(bestReason('\n')).toBe('it wrote nothing');
  });

  it('prefers a code of ours to the hint that follows it', () => {
    const log = ['{"level":"info"}', 'CONFIG_PORT_IN_USE: port 1 is in use', 'Stop what listens.'];
    expect(bestReason(log.join('\n'))).toBe('CONFIG_PORT_IN_USE: port 1 is in use');
  });
});
