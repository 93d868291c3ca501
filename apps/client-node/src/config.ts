import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { TallyError } from '@tallystick/kernel';
import { z } from 'zod';

/**
 * Every setting of this process; what the site allows and where its data lie is node.yaml's. The environment
 * variable of `a.bC` is `TALLY_A__B_C`; `--folder` wins over the environment.
 */
export const ConfigSchema = z.object({
  folder: z
    .string()
    .min(1)
    .default('./site')
    .describe('Folder of the site: node.yaml, keys, receipts.log, updates.'),
  log: z
    .object({
      level: z
        .enum(['debug', 'info', 'warn', 'error'])
        .default('info')
        .describe('Least severe log line that is written.'),
    })
    .prefault({}),
});
export type Config = z.infer<typeof ConfigSchema>;

type Environment = Readonly<Record<string, string | undefined>>;

/** Reads and checks all settings; throws CONFIG_INVALID with every fault, or USAGE_INVALID for unknown arguments. */
export function loadConfig(env: Environment, args: readonly string[]): Config {
  const folder = folderOf(args) ?? env['TALLY_FOLDER'];
  const level = env['TALLY_LOG__LEVEL'];
  const parsed = ConfigSchema.safeParse({
    ...(folder === undefined ? {} : { folder }),
    log: level === undefined ? {} : { level },
  });
  if (parsed.success) return { ...parsed.data, folder: resolve(parsed.data.folder) };
  const faults = parsed.error.issues.map(
    ({ path, message }) => `  TALLY_${path.join('__').toUpperCase()}: ${message}`,
  );
  throw new TallyError('CONFIG_INVALID', { faults: faults.join('\n') });
}

function folderOf(args: readonly string[]): string | undefined {
  try {
    const { values } = parseArgs({ args: [...args], options: { folder: { type: 'string' } } });
    return values.folder;
  } catch (cause) {
    const detail = cause instanceof Error ? cause.message : String(cause);
    throw new TallyError('USAGE_INVALID', { detail }, cause);
  }
}
