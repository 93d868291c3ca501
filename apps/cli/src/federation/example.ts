import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { type Hash, TallyError } from '@tallystick/kernel';
import { sha256 } from '@tallystick/kernel/node';
import { parseRunSpec, type RunSpec, specHash } from '@tallystick/protocol';
import { datasetPath, loadSiteConfig, type SiteConfig } from '@tallystick/site';

/** A site of an example: a folder with its node.yaml. */
export interface ExampleSite {
  readonly name: string;
  readonly folder: string;
  readonly config: SiteConfig;
  /** The CSV behind the run's dataset. */
  readonly datasetPath: string;
}

/** A folder with run.yaml and sites/<name>/node.yaml. */
export interface Example {
  readonly folder: string;
  /** Text of run.yaml, the seed replaced when asked to. */
  readonly text: string;
  readonly spec: RunSpec;
  readonly canonical: string;
  readonly specHash: Hash;
  /** Ascending by name: the order in which they are registered, and so their node ids. */
  readonly sites: readonly ExampleSite[];
}

async function isFolder(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found?.isDirectory() === true;
}

/** Reads `path`, a folder or its run.yaml. `seed` replaces the spec's. Throws CONFIG_* and DATA_* errors. */
export async function loadExample(path: string, seed?: number): Promise<Example> {
  const folder = (await isFolder(path)) ? resolve(path) : dirname(resolve(path));
  const file = (await isFolder(path)) ? join(folder, 'run.yaml') : resolve(path);
  const text = withSeed(await readText(file), seed);
  const parsed = parseRunSpec(text, basename(file));
  if (!parsed.ok) throw parsed.error;
  const { spec, canonical } = parsed;
  const sites = await loadSites(join(folder, 'sites'), spec.data.dataset);
  return { folder, text, spec, canonical, specHash: specHash(sha256, canonical), sites };
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new TallyError('DATA_FILE_UNREADABLE', { file, reason }, error);
  }
}

/** The spec's text with another seed; the last `seed:` line at the left margin counts, or one is added. */
function withSeed(text: string, seed: number | undefined): string {
  if (seed === undefined) return text;
  const line = `seed: ${seed}`;
  return /^seed:.*$/m.test(text)
    ? text.replace(/^seed:.*$/m, line)
    : `${text.trimEnd()}\n${line}\n`;
}

async function loadSites(folder: string, dataset: string): Promise<readonly ExampleSite[]> {
  const names = await readdir(folder).catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error);
    throw new TallyError('DATA_FILE_UNREADABLE', { file: folder, reason }, error);
  });
  const sites: ExampleSite[] = [];
  for (const name of names.toSorted()) {
    const siteFolder = join(folder, name);
    if (!(await isFolder(siteFolder))) continue;
    const config = await loadSiteConfig(siteFolder);
    const path = datasetPath(config, siteFolder, dataset);
    sites.push({ name: config.name, folder: siteFolder, config, datasetPath: path });
  }
  if (sites.length === 0) {
    throw new TallyError('USAGE_INVALID', { detail: `${folder} holds no site folders` });
  }
  return sites;
}
