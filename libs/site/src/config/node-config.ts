import { spkiPin } from '@tallystick/protocol';
import { z } from 'zod';

/** More is not a list a person keeps. */
const MAX_ENTRIES = 256;

/** Coordinators of one federation; more than a few would not make it safer. */
const MAX_COORDINATORS = 8;

const slug = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,62}$/, 'lower-case letters, digits and -, at most 63');

/** What the site allows. Nothing is allowed that is not written here. */
export const SitePolicy = z.strictObject({
  purposes: z
    .array(z.string().regex(/^DUO:\d{7}$/, 'a GA4GH DUO code such as DUO:0000007'))
    .max(MAX_ENTRIES)
    .describe(
      'GA4GH DUO codes of the purposes that may be trained for; with none, every task is declined.',
    ),
  minCohort: z
    .int()
    .min(1)
    .max(1_000_000)
    .default(2)
    .describe('Smallest cohort this site takes part in: alone, an update is its data’s shadow.'),
  models: z
    .union([
      z.literal('any'),
      z.array(z.union([slug, z.string().regex(/^[0-9a-f]{64}$/)])).max(MAX_ENTRIES),
    ])
    .default('any')
    .describe(
      '`any`, or names of runs and hashes of run specs. A name is the researcher’s word; a hash binds every line.',
    ),
  onFault: z
    .enum(['record', 'dispute', 'stop'])
    .default('record')
    .describe(
      'What follows when the coordinator is caught at a fault; evidence is kept in any case. `record`: nothing. `dispute`: it is filed on the chain with the owner key. `stop`: every later task of that run is declined.',
    ),
});
export type SitePolicy = z.infer<typeof SitePolicy>;

const LOOPBACK = /^(127(\.\d{1,3}){3}|::1)$/;

/** Where the page of this site is served: on this machine alone, unless names to be called by and a token say otherwise. */
export const PageConfig = z
  .strictObject({
    port: z
      .int()
      .min(0)
      .max(65_535)
      .default(0)
      .describe(
        'Port of the site’s own page; 0 takes a free one, and `tally node page` tells which.',
      ),
    listen: z
      .union([z.ipv4(), z.ipv6()])
      .default('127.0.0.1')
      .describe(
        'Address that the page listens on. Other than loopback only with `hosts` and `tokenFile`.',
      ),
    hosts: z
      .array(z.hostname())
      .max(8)
      .default([])
      .describe('Names by which a browser may call the page, besides those of this machine.'),
    tokenFile: z
      .string()
      .min(1)
      .max(4096)
      .optional()
      .describe(
        'File with the token, of 32 characters at least, that then signs in instead of links.',
      ),
  })
  .superRefine(({ listen, hosts, tokenFile }, context) => {
    if (LOOPBACK.test(listen)) return;
    const also = (path: string, message: string): void =>
      context.addIssue({ code: 'custom', path: [path], message });
    if (hosts.length === 0)
      also('hosts', `must name at least one, because ${listen} is not loopback`);
    if (tokenFile === undefined)
      also('tokenFile', `is required, because ${listen} is not loopback`);
  });
export type PageConfig = z.infer<typeof PageConfig>;

/** Only this machine can reach it. */
export function isLoopback({ listen }: PageConfig): boolean {
  return LOOPBACK.test(listen);
}

const address = z.url({ protocol: /^https?$/, error: 'an http:// or https:// address' });

/** `node.yaml`: what the site is called, where its data lie, what it allows. No secret in it. */
const SiteFields = z.strictObject({
  name: slug.describe('Name of the node: lower-case letters, digits and -.'),
  organisation: z.string().min(1).max(200).describe('Organisation it belongs to.'),
  coordinator: z
    .union([address, z.array(address).min(1).max(MAX_COORDINATORS)])
    .describe('Where the coordinator is; a list when there are several, of which one leads.'),
  pin: z
    .union([spkiPin, z.array(spkiPin).min(1).max(MAX_COORDINATORS)])
    .optional()
    .describe(
      'The public key that the coordinator’s TLS certificate has; without it an authority must vouch for its name.',
    ),
  datasets: z
    .record(slug, z.string().min(1).max(4096))
    .refine((all) => Object.keys(all).length <= MAX_ENTRIES, `at most ${MAX_ENTRIES} datasets`)
    .default({})
    .describe('Name → CSV file, relative to the folder of node.yaml.'),
  policy: SitePolicy,
  chain: z
    .url({ protocol: /^wss?$/, error: 'a ws:// or wss:// address' })
    .optional()
    .describe(
      'A chain node, so that the site compares headers with the chain itself, and consents there.',
    ),
  page: PageConfig.optional(),
  retentionDays: z
    .number()
    .min(0)
    .max(36_500)
    .default(7)
    .describe('How long the site keeps its own update files.'),
});

export const SiteConfig = SiteFields.refine(
  (config) => config.pin === undefined || !coordinatorUrls(config).some(isPlain),
  { path: ['pin'], error: 'a pin needs https:// addresses' },
);
export type SiteConfig = z.infer<typeof SiteFields>;

const isPlain = (url: string): boolean => url.startsWith('http:');

/** The addresses of the coordinators, in the order in which they are tried; at least one. */
export function coordinatorUrls({
  coordinator,
}: Pick<SiteConfig, 'coordinator'>): readonly [string, ...string[]] {
  const [first, ...others] = typeof coordinator === 'string' ? [coordinator] : coordinator;
  if (first === undefined) throw new RangeError('a SiteConfig has a coordinator');
  return [first, ...others];
}

/** Public keys that the coordinators' certificates may have; empty when authorities vouch for them. */
export function coordinatorPins({ pin }: Pick<SiteConfig, 'pin'>): readonly string[] {
  return pin === undefined ? [] : [pin].flat();
}
