import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { durableWrite } from '@tallystick/kernel/node';

/** Where the deployment of a data folder answers. */
export interface Endpoint {
  readonly url: string;
  /** Public key of the TLS certificate it made for itself. */
  readonly pin?: string;
  readonly chainUrl: string;
  readonly pid: number;
}

const fileOf = (folder: string): string => join(folder, 'endpoint.json');

/** Written by `up` and `demo` while they run. */
export async function writeEndpoint(folder: string, endpoint: Endpoint): Promise<void> {
  await durableWrite(fileOf(folder), `${JSON.stringify(endpoint)}\n`);
}

/** Undefined when nothing was started in this folder, or what was started has stopped. */
export async function readEndpoint(folder: string): Promise<Endpoint | undefined> {
  try {
    return JSON.parse(await readFile(fileOf(folder), 'utf8')) as Endpoint; // written by writeEndpoint
  } catch {
    return undefined;
  }
}

export async function removeEndpoint(folder: string): Promise<void> {
  await rm(fileOf(folder), { force: true });
}
