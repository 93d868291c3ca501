import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const INSTALL_MS = 600_000;
const execute = promisify(execFile);

/** The python of an environment with these requirements, made in the user's cache on demand and kept. Rejects when it cannot. */
export async function venvPython(requirements: string): Promise<string> {
  const hash = createHash('sha256').update(await readFile(requirements));
  const cache = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
  const folder = join(cache, 'tallystick-python', `venv-${hash.digest('hex').slice(0, 12)}`);
  const python = join(folder, 'bin/python');
  if (existsSync(join(folder, 'ready'))) return python;
  await rm(folder, { recursive: true, force: true });
  await mkdir(join(folder, '..'), { recursive: true });
  await execute('python3', ['-m', 'venv', folder], { timeout: INSTALL_MS });
  const pip = ['-m', 'pip', 'install', '--quiet', '--requirement', requirements];
  await execute(python, pip, { timeout: INSTALL_MS });
  await writeFile(join(folder, 'ready'), '');
  return python;
}
