import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { CHAIN_NODES, containerArguments, nodeArguments } from '../chain/scripts/validators.mjs';

const COMPOSE = readFileSync(new URL('../docker/compose.validators.yaml', import.meta.url), 'utf8');

/** The lines of one entry below `services`, as they stand in the file. */
function serviceOf(name: string): string {
  const services = COMPOSE.slice(COMPOSE.indexOf('\nservices:\n'), COMPOSE.indexOf('\nsecrets:\n'));
  const from = services.indexOf(`\n  ${name}:\n`);
  const end = services.slice(from + 1).search(/\n\n/);
  return from < 0 ? '' : services.slice(from, from + 1 + (end < 0 ? services.length : end));
}

/** The items of a block sequence below `key`. */
function itemsOf(service: string, key: string): readonly string[] {
  const block = new RegExp(`\n    ${key}:\n((?:      - .*(?:\n|$))+)`).exec(service)?.[1] ?? '';
  return block
    .trimEnd()
    .split('\n')
    .map((line) => line.replace(/^ {6}- /, '').replace(/^'(.*)'$/, '$1'));
}

describe('docker/compose.validators.yaml', () => {
  it('has the services of the script and no others', () => {
    const services = COMPOSE.slice(COMPOSE.indexOf('\nservices:'), COMPOSE.indexOf('\nsecrets:'));
    const names = [...services.matchAll(/^ {2}(\w+):$/gm)].map(([, name]) => name);
    expect(names).toEqual(CHAIN_NODES.map(({ name }) => name));
    expect(CHAIN_NODES.filter(({ role }) => role === 'validator')).toHaveLength(4);
  });

  it.each(CHAIN_NODES)('runs $name with the command of the script', (node) => {
    expect(itemsOf(serviceOf(node.name), 'command')).toEqual(containerArguments(node));
  });

  it.each(CHAIN_NODES)('shows the ports of $name to the other services alone', (node) => {
    const service = serviceOf(node.name);
    expect(service).toContain(`\n    expose: ['${node.p2pPort}', '${node.metricsPort}']`);
    const published = `\n    ports: ['127.0.0.1:${node.rpcPort}:${node.rpcPort}']`;
    expect(service.includes('\n    ports:')).toBe(node.role === 'archive');
    expect(service.includes(published)).toBe(node.role === 'archive');
  });

  it('gives every validator its own session key, and the archive none', () => {
    for (const { name, role } of CHAIN_NODES) {
      const isValidator = role === 'validator';
      expect(serviceOf(name).includes(`source: ${name}-session-seed`), name).toBe(isValidator);
    }
  });

  it('differs from a node on this machine in addresses alone', () => {
    for (const node of CHAIN_NODES) {
      const place = { where: 'loopback' as const, spec: 's', base: 'b', nodeKey: 'k', peers: [] };
      const local = nodeArguments(node, place);
      expect(local).toContain(`/ip4/127.0.0.1/tcp/${node.p2pPort}`);
      const flags = (args: readonly string[]): readonly string[] =>
        args.filter((arg) => arg.startsWith('--') && !/external|reserved-nodes/.test(arg));
      expect(flags(local)).toEqual(flags(containerArguments(node)));
    }
  });
});
