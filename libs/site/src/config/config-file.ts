import { access, constants, readFile, stat } from 'node:fs/promises';
import { isAbsolute, join, relative, resolve } from 'node:path';
import { TallyError } from '@tallystick/kernel';
import { durableWrite } from '@tallystick/kernel/node';
import { formatFaults, parseYaml } from '@tallystick/protocol';
import { parseDocument } from 'yaml';
import { SiteConfig } from './node-config.js';

const FILE = 'node.yaml';
const MAX_BYTES = 256 * 1024;

/** Checks the text of a node.yaml; CONFIG_NODE_INVALID lists every fault with its line. */
export function parseSiteConfig(text: string, file = FILE): SiteConfig {
  const parsed = parseYaml(SiteConfig, text, MAX_BYTES);
  if (parsed.ok) return parsed.value;
  throw new TallyError('CONFIG_NODE_INVALID', { file, faults: formatFaults(file, parsed.faults) });
}

/** Reads `<folder>/node.yaml`. */
export async function loadSiteConfig(folder: string): Promise<SiteConfig> {
  const path = join(folder, FILE);
  return parseSiteConfig(await readText(path), path);
}

/** Writes a first node.yaml, with a word on each field for whoever edits it. */
export async function writeSiteConfig(folder: string, config: SiteConfig): Promise<void> {
  const text = [
    '# What this site is called, where its data lie and what it allows.',
    `name: ${JSON.stringify(config.name)}`,
    `organisation: ${JSON.stringify(config.organisation)}`,
    `coordinator: ${JSON.stringify(config.coordinator)}`,
    ...(config.pin === undefined ? [] : [`pin: ${JSON.stringify(config.pin)}`]),
    '',
    '# Name: CSV file, relative to this folder. `tally node dataset add` writes here.',
    `datasets: ${JSON.stringify(config.datasets)}`,
    '',
    'policy:',
    '  # GA4GH DUO codes this site may train for; with none it declines every task.',
    `  purposes: ${JSON.stringify(config.policy.purposes)}`,
    '  # Smallest cohort this site takes part in.',
    `  minCohort: ${config.policy.minCohort}`,
    '  # any, or a list of run names and run spec hashes.',
    `  models: ${JSON.stringify(config.policy.models)}`,
    '  # When the coordinator is caught at a fault: record, dispute (files it with owner.key) or stop.',
    `  onFault: ${config.policy.onFault}`,
    '',
    ...(config.chain === undefined
      ? [
          '# A chain node to compare headers with, for example ws://127.0.0.1:9955.',
          '# chain: ws://…',
        ]
      : [`chain: ${JSON.stringify(config.chain)}`]),
    '',
    '# How long this site keeps its own update files.',
    `retentionDays: ${config.retentionDays}`,
    '',
  ].join('\n');
  parseSiteConfig(text);
  await durableWrite(join(folder, FILE), text);
}

/** Names `file` as dataset `name` in node.yaml and keeps every comment there. The file must be readable. */
export async function addDataset(folder: string, name: string, file: string): Promise<SiteConfig> {
  const path = join(folder, FILE);
  await checkReadable(resolve(file));
  const document = parseDocument(await readText(path));
  const stored = relative(resolve(folder), resolve(file));
  document.setIn(['datasets', name], stored.startsWith('..') ? resolve(file) : stored);
  const text = document.toString();
  const config = parseSiteConfig(text, path);
  await durableWrite(path, text);
  return config;
}

/** Writes the pin of an invite into a node.yaml that was there before, and keeps every comment. */
export async function addPin(folder: string, pin: string): Promise<void> {
  const path = join(folder, FILE);
  const document = parseDocument(await readText(path));
  document.set('pin', pin);
  const text = document.toString();
  parseSiteConfig(text, path);
  await durableWrite(path, text);
}

/** Where dataset `name` lies; rejects with POLICY_DATASET when node.yaml does not name it. */
export function datasetPath(config: SiteConfig, folder: string, name: string): string {
  const path = Object.hasOwn(config.datasets, name) ? config.datasets[name] : undefined;
  if (path === undefined) throw new TallyError('POLICY_DATASET', { dataset: name });
  return isAbsolute(path) ? path : join(folder, path);
}

async function readText(path: string): Promise<string> {
  const bytes = await readFile(path).catch((error: unknown) => {
    throw unreadable(path, error);
  });
  if (bytes.length > MAX_BYTES) {
    throw new TallyError('PROTO_TOO_LARGE', { what: path, bytes: bytes.length, limit: MAX_BYTES });
  }
  return bytes.toString('utf8');
}

async function checkReadable(path: string): Promise<void> {
  try {
    await access(path, constants.R_OK);
    if (!(await stat(path)).isFile()) throw new Error('it is not a file');
  } catch (error) {
    throw unreadable(path, error);
  }
}

function unreadable(file: string, cause: unknown): TallyError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new TallyError('DATA_FILE_UNREADABLE', { file, reason }, cause);
}
