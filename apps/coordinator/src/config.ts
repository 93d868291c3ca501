import { TallyError } from '@tallystick/kernel';
import { z } from 'zod';
import { CRASH_POINTS } from './crash-points.js';
import { tlsFaults } from './tls/tls-choice.js';

const port = z.coerce.number().int().min(0).max(65_535);

/**
 * Every setting of this process. The environment variable of `a.bC` is `TALLY_A__B_C`; with `_FILE` after it, the
 * value is read from that file. What decides the result of a run is never a setting: it is the run spec.
 */
export const ConfigSchema = z.object({
  data: z.string().min(1).default('.tally').describe('Folder of keys, blobs and spooled uploads.'),
  host: z.string().min(1).default('127.0.0.1').describe('Address to listen on.'),
  port: port.default(7700).describe('Port of the API; 0 takes a free one.'),
  publicUrl: z
    .string()
    .regex(/^https?:\/\//, 'must start with http:// or https://')
    .optional()
    .describe('Address that invites carry; by default where this process listens.'),
  tls: z
    .object({
      mode: z
        .enum(['auto', 'on', 'proxy'])
        .default('auto')
        .describe(
          'auto: TLS outside loopback; on: always; proxy: plain HTTP, because a proxy in front ends TLS.',
        ),
      certificate: z
        .string()
        .min(1)
        .optional()
        .describe('PEM file of the certificate and its chain; without it one is made here.'),
      key: z.string().min(1).optional().describe('PEM file of its key.'),
    })
    .prefault({}),
  peers: z
    .string()
    .regex(
      /^https?:\/\/[^,\s]+(,https?:\/\/[^,\s]+){0,6}$/,
      'must be http(s) addresses, with commas between',
    )
    .optional()
    .describe('Addresses of the other coordinators of this database; invites carry them too.'),
  blobs: z
    .string()
    .min(1)
    .optional()
    .describe(
      'Folder of models and updates, shared by all coordinators; by default in the data folder.',
    ),
  registry: z
    .object({
      nodeCap: z.coerce
        .number()
        .int()
        .min(1)
        .max(Number.MAX_SAFE_INTEGER)
        .default(1_000_000)
        .describe('Largest number of examples that counts of a node that joins.'),
    })
    .prefault({}),
  runs: z
    .object({
      maxPlaying: z.coerce
        .number()
        .int()
        .min(1)
        .max(1_000)
        .default(8)
        .describe('Runs that are played at once; the others wait in the order of their launch.'),
    })
    .prefault({}),
  database: z
    .object({
      url: z
        .string()
        .regex(/^postgres(ql)?:\/\//, 'must start with postgres://')
        .optional()
        .describe('PostgreSQL to use; without it one is started in the data folder.'),
      poolSize: z.coerce.number().int().min(4).max(100).default(10).describe('Open connections.'),
    })
    .prefault({}),
  lease: z
    .object({
      ttlMs: z.coerce
        .number()
        .int()
        .min(300)
        .max(60_000)
        .default(5_000)
        .describe(
          'A leader that does not show itself for so long is replaced; the same everywhere.',
        ),
    })
    .prefault({}),
  chain: z
    .object({
      url: z
        .string()
        .regex(/^wss?:\/\//, 'must start with ws:// or wss://')
        .optional()
        .describe('RPC of the chain; without it one is started in the data folder.'),
      port: port.default(9955).describe('RPC port of the chain that is started here.'),
    })
    .prefault({}),
  compute: z
    .object({
      workers: z.coerce
        .number()
        .int()
        .min(1)
        .max(16)
        .optional()
        .describe('Hash and fold threads; by default one less than there are cores, at most 8.'),
    })
    .prefault({}),
  fleet: z
    .object({
      maxSessions: z.coerce
        .number()
        .int()
        .min(1)
        .max(1_000_000)
        .optional()
        .describe('Nodes connected at once; by default what the limit of open files leaves.'),
    })
    .prefault({}),
  oidc: z
    .object({
      issuer: z
        .string()
        .regex(
          /^https:\/\/|^http:\/\/(127\.0\.0\.1|localhost|\[::1\])[:/]/,
          'must start with https://',
        )
        .optional()
        .describe('Identity provider to sign in with; without it people have passwords and links.'),
      clientId: z.string().min(1).optional().describe('Name of this coordinator there.'),
      clientSecret: z.string().min(1).optional().describe('Its secret; better given by a file.'),
      groupsClaim: z
        .string()
        .min(1)
        .default('groups')
        .describe('Claim that lists the groups of a person; groups have roles here.'),
      scope: z.string().default('').describe('Scopes asked for beside openid, profile and email.'),
    })
    .prefault({}),
  log: z
    .object({
      level: z
        .enum(['debug', 'info', 'warn', 'error'])
        .default('info')
        .describe('Least severe log line that is written.'),
    })
    .prefault({}),
  test: z
    .object({
      crashAt: z
        .string()
        .regex(
          new RegExp(`^(${CRASH_POINTS.join('|')})(:\\d{1,6})?(:stop)?$`),
          `must be one of ${CRASH_POINTS.join(', ')}, with :<round> and :stop after it if wanted`,
        )
        .optional()
        .describe('Kill (or stop) this process once at a named point; only under NODE_ENV=test.'),
      anchoring: z
        .enum(['on', 'off'])
        .default('on')
        .describe(
          'off: closed rounds wait and are not carried to the chain; only under NODE_ENV=test.',
        ),
    })
    .prefault({}),
});

export type Config = z.infer<typeof ConfigSchema>;

export interface LoadedConfig {
  readonly config: Config;
  /** Variables with our prefix that name no setting: misspelt, or another program's. */
  readonly unknown: readonly string[];
}

type Environment = Readonly<Record<string, string | undefined>>;
type Tree = { [key: string]: string | Tree };

const PREFIX = 'TALLY_';

/**
 * Reads and checks all settings; throws CONFIG_INVALID with every fault at once.
 * @param readFile gives the text of a file named by a `_FILE` variable; may throw.
 */
export function loadConfig(env: Environment, readFile: (path: string) => string): LoadedConfig {
  const known = new Set(settingNames(ConfigSchema));
  const faults: string[] = [];
  const unknown: string[] = [];
  const tree: Tree = {};
  for (const [name, value] of Object.entries(env)) {
    if (!name.startsWith(PREFIX) || value === undefined) continue;
    const setting = name.endsWith('_FILE') ? name.slice(0, -'_FILE'.length) : name;
    if (!known.has(setting)) unknown.push(name);
    else if (setting === name) put(tree, setting, value);
    else {
      try {
        put(tree, setting, readFile(value).trimEnd());
      } catch (error) {
        faults.push(`  ${name}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
  }
  const parsed = ConfigSchema.safeParse(tree);
  for (const issue of parsed.error?.issues ?? []) {
    faults.push(`  ${variableOf(issue.path.map(String))}: ${issue.message}`);
  }
  if (parsed.success) faults.push(...modeFaults(parsed.data, env['NODE_ENV']));
  if (!parsed.success || faults.length > 0) {
    throw new TallyError('CONFIG_INVALID', { faults: faults.join('\n') });
  }
  return { config: parsed.data, unknown };
}

/** What a mode forbids: test switches outside tests, and throw-away services in production. */
function modeFaults(config: Config, mode: string | undefined): string[] {
  const faults = tlsFaults(config);
  if (config.test.crashAt !== undefined && mode !== 'test') {
    faults.push('  TALLY_TEST__CRASH_AT: is only for NODE_ENV=test');
  }
  if (config.test.anchoring === 'off' && mode !== 'test') {
    faults.push('  TALLY_TEST__ANCHORING: is only for NODE_ENV=test');
  }
  const { issuer, clientId, clientSecret } = config.oidc;
  if (issuer !== undefined && (clientId === undefined || clientSecret === undefined)) {
    faults.push('  TALLY_OIDC__CLIENT_ID and TALLY_OIDC__CLIENT_SECRET: are needed with an issuer');
  }
  if (mode === 'production') {
    if (config.database.url === undefined)
      faults.push('  TALLY_DATABASE__URL: is needed in production');
    if (config.chain.url === undefined) faults.push('  TALLY_CHAIN__URL: is needed in production');
  }
  return faults;
}

/** `TALLY_A__B_C` of every setting, in the order of the schema. */
export function settingNames(schema: z.ZodObject, path: readonly string[] = []): string[] {
  return Object.entries(schema.shape).flatMap(([key, field]) => {
    const inner: unknown = field instanceof z.ZodPrefault ? field.unwrap() : field;
    const here = [...path, key];
    return inner instanceof z.ZodObject ? settingNames(inner, here) : [variableOf(here)];
  });
}

function variableOf(path: readonly string[]): string {
  const segments = path.map((key) => key.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase());
  return PREFIX + segments.join('__');
}

function put(tree: Tree, variable: string, value: string): void {
  const path = variable
    .slice(PREFIX.length)
    .split('__')
    .map((part) =>
      part.toLowerCase().replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase()),
    );
  let at = tree;
  for (const key of path.slice(0, -1)) {
    const next = at[key];
    at = typeof next === 'object' ? next : (at[key] = {});
  }
  const last = path.at(-1);
  if (last !== undefined) at[last] = value;
}
