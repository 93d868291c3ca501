import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ROOT, type Stage } from '../harness/stage.js';
import { missing, scriptOf, stepsOf } from './steps.js';

/** What a reader makes, or what belongs to one machine; everything else of a clone is there. */
const NOT_CLONED = new Set(['.git', '.tally', 'dist', 'coverage']);

/** A folder that looks like a clone after `npm ci`; what a reader writes there stays there. */
async function clone(stage: Stage, name: string): Promise<string> {
  const folder = stage.path(name);
  await mkdir(folder, { mode: 0o711 });
  for (const entry of await readdir(ROOT)) {
    if (!NOT_CLONED.has(entry)) await symlink(join(ROOT, entry), join(folder, entry));
  }
  return folder;
}

/** Runs every command of a page in order, in a new clone. Gives what is not as the page says; empty when all is. */
export async function play(stage: Stage, name: string, page: string): Promise<readonly string[]> {
  const steps = stepsOf(page);
  const folder = await clone(stage, name);
  const texts = stage.path(`${name}-said`);
  await mkdir(texts);
  const script = stage.path(`${name}.sh`);
  await writeFile(script, scriptOf(steps));
  const env = {
    SAID: texts,
    HOME: folder,
    XDG_CONFIG_HOME: join(folder, '.config'),
    npm_config_update_notifier: 'false', // npm asks its registry for a newer npm
  };
  const running = stage.startShell(script, { name, cwd: folder, env });
  const { code, stdout, stderr } = await running.ended;
  const faults: string[] = [];
  let last = '';
  for (const { line, output } of steps) {
    const text = await readFile(join(texts, `said-${line}.txt`), 'utf8').catch(() => undefined);
    if (text === undefined) break;
    last = text;
    const lost = missing(output, text);
    if (lost !== undefined) faults.push(`${name}:${line} does not say "${lost}" but\n${text}`);
  }
  if (code !== 0) faults.push(`${name} ended with ${code}: ${stdout}${stderr}\n${last}`);
  return faults;
}
