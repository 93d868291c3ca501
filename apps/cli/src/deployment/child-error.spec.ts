import { expect, it } from 'vitest';
import { childError } from './child-error.js';

it('gives the words of a child under its own code', () => {
  const said = [
    '{"level":"info","event":"x"}',
    'CONFIG_INVALID: the configuration is not valid:',
    '  TALLY_PORT: must be a number',
    'Correct the values named above.',
    '',
  ].join('\n');
  expect(childError('coordinator', said, 'c.log')).toMatchObject({
    code: 'CONFIG_INVALID',
    message: 'the configuration is not valid:\n  TALLY_PORT: must be a number',
    hint: 'Correct the values named above.',
  });
});

it('names process, last line and log of a child that ended otherwise', () => {
  const error = childError('coordinator', 'SyntaxError: odd\nNode.js v20', '/data/c.log');
  expect(error.code).toBe('INTERNAL_PROCESS_ENDED');
  expect(error.message).toContain('coordinator ended before it was ready: Node.js v20');
  expect(error.message).toContain('/data/c.log');
  expect(childError('node', '', 'n.log').message).toContain('it wrote nothing');
  expect(childError('node', 'NO_SUCH_CODE: x\nhint', 'n.log').code).toBe('INTERNAL_PROCESS_ENDED');
});
