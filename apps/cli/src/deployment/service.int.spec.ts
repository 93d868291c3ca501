import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MemoryLogger } from '@tallystick/kernel/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Service, type ServiceOptions } from './service.js';

const READY = `console.log(JSON.stringify({ event: 'x.ready', pid: process.pid, startedAtMs: 1, url: 'http://127.0.0.1:5' }));`;

let folder: string;
const services: Service[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tally-service-'));
});

afterEach(async () => {
  await Promise.all(services.splice(0).map((service) => service.stop()));
  await rm(folder, { recursive: true, force: true });
});

async function start(code: string, changes: Partial<ServiceOptions> = {}): Promise<Service> {
  const script = join(folder, 'child.mjs');
  await writeFile(script, code);
  const service = await Service.start({
    name: 'child',
    script,
    args: [],
    env: () => ({}),
    readyEvent: 'x.ready',
    logFile: join(folder, 'logs', 'child.log'),
    logger: new MemoryLogger(),
    ...changes,
  });
  services.push(service);
  return service;
}

async function until(condition: () => boolean): Promise<void> {
  const deadlineMs = performance.now() + 20_000;
  while (!condition()) {
    if (performance.now() > deadlineMs) throw new Error('it never came true');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

describe('Service', () => {
  it('is ready when the child says so, and gone when stopped', async () => {
    const service = await start(`${READY} setInterval(() => {}, 1000);`);
    const { pid, url } = service.ready;
    expect(url).toBe('http://127.0.0.1:5');
    expect(isAlive(pid)).toBe(true);
    await service.stop();
    expect(isAlive(pid)).toBe(false);
    await service.stop();
  });

  it('starts a killed child again, with the environment that goes with its first ready line', async () => {
    const seen: (string | undefined)[] = [];
    const env = (before: { url?: string } | undefined): Record<string, string> => {
      seen.push(before?.url);
      return {};
    };
    const service = await start(`${READY} setInterval(() => {}, 1000);`, { env });
    const { pid } = service.ready;
    process.kill(pid, 'SIGKILL');
    await until(() => service.ready.pid !== pid);
    expect(seen).toEqual([undefined, 'http://127.0.0.1:5']);
  });

  it('gives a child up that ends again and again, and says so', async () => {
    const service = await start(`${READY} setTimeout(() => process.exit(3), 20);`);
    expect(await service.failed).toMatch(/exit code 3/);
  }, 60_000);

  it('rejects with the child’s own words when it ends before it is ready', async () => {
    const starting = start(`console.error('broken config'); process.exit(78);`);
    await expect(starting).rejects.toThrow('broken config');
    expect(await readFile(join(folder, 'logs', 'child.log'), 'utf8')).toContain('broken config');
  });
});
