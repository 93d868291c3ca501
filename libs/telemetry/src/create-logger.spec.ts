import { describe, expect, it } from 'vitest';
import { createLogger, type LoggerOptions } from './create-logger.js';

function capture(options: Partial<LoggerOptions> = {}) {
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line) };
  const logger = createLogger({ role: 'coordinator', pretty: false, destination, ...options });
  return { logger, lines };
}

describe('createLogger', () => {
  it('writes one JSON object per line, with the event, the role and the fields', () => {
    const { logger, lines } = capture();
    logger.info('round.closed', { round: 3, included: 4 });
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0])).toEqual({
      level: 'info',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      role: 'coordinator',
      pid: process.pid,
      event: 'round.closed',
      round: 3,
      included: 4,
    });
  });

  it('drops what is below its level', () => {
    const { logger, lines } = capture({ level: 'warn' });
    logger.debug('a.b');
    logger.info('a.b');
    logger.warn('a.b');
    logger.error('a.b');
    expect(lines.map((line) => JSON.parse(line).level)).toEqual(['warn', 'error']);
  });

  it('is one readable line on a terminal', () => {
    const { logger, lines } = capture({ pretty: true });
    logger.warn('postgres.relocated', { home: '/x' });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/WARN.*coordinator postgres\.relocated.*"home":"\/x"/s);
    expect(lines[0].trimEnd()).not.toContain('\n');
  });

  it('writes no secret', () => {
    const { logger, lines } = capture();
    logger.info('a.b', {
      apiToken: 'aaa-1',
      url: 'postgres://user:aaa-2@host/db',
      header: 'Authorization: Bearer aaa-3',
      pem: '-----BEGIN PRIVATE KEY-----\naaa-4\n-----END PRIVATE KEY-----',
    });
    expect(lines[0]).not.toMatch(/aaa-\d/);
    expect(lines[0]).toContain('postgres://user:[redacted]@host/db');
  });

  it('bounds long values', () => {
    const { logger, lines } = capture();
    logger.info('a.b', { text: 'x'.repeat(100_000) });
    expect(lines[0].length).toBeLessThan(2_200);
  });
});
