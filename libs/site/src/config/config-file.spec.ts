import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isTallyError } from '@tallystick/kernel';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  addDataset,
  datasetPath,
  loadSiteConfig,
  parseSiteConfig,
  writeSiteConfig,
} from './config-file.js';
import { coordinatorPins, coordinatorUrls } from './node-config.js';

const GOOD = `
name: cleveland
organisation: Cleveland Clinic
coordinator: http://127.0.0.1:7700
datasets: { heart: heart.csv }
policy:
  purposes: [DUO:0000007] # disease research
  minCohort: 3
`;

function faultsOf(text: string): string {
  try {
    parseSiteConfig(text);
  } catch (error) {
    if (isTallyError(error, 'CONFIG_NODE_INVALID')) return error.message;
    throw error;
  }
  throw new Error('the text was accepted');
}

describe('node.yaml', () => {
  let folder = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tally-config-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('fills in what is not written', () => {
    expect(parseSiteConfig(GOOD)).toEqual({
      name: 'cleveland',
      organisation: 'Cleveland Clinic',
      coordinator: 'http://127.0.0.1:7700',
      datasets: { heart: 'heart.csv' },
      policy: { purposes: ['DUO:0000007'], minCohort: 3, models: 'any', onFault: 'record' },
      retentionDays: 7,
    });
  });

  it('takes a list of coordinators, and writes it back', async () => {
    const urls = ['http://a', 'https://b:7700/'];
    const config = parseSiteConfig(
      GOOD.replace('http://127.0.0.1:7700', '[http://a, "https://b:7700/"]'),
    );
    expect(coordinatorUrls(config)).toEqual(urls);
    await writeSiteConfig(folder, config);
    expect(coordinatorUrls(await loadSiteConfig(folder))).toEqual(urls);
    expect(faultsOf(GOOD.replace('http://127.0.0.1:7700', '[]'))).toContain(
      'node.yaml:4:1 coordinator',
    );
  });

  it('takes a pin, or several while one is replaced, and none for plain HTTP', () => {
    const pin = `sha256/${'B'.repeat(43)}=`;
    const text = (lines: string): string =>
      `name: a\norganisation: b\npolicy: { purposes: [] }\n${lines}`;
    const secure = 'coordinator: https://c.test\n';
    expect(coordinatorPins(parseSiteConfig(text(secure)))).toEqual([]);
    expect(coordinatorPins(parseSiteConfig(text(`${secure}pin: ${pin}`)))).toEqual([pin]);
    expect(coordinatorPins(parseSiteConfig(text(`${secure}pin: [${pin}, ${pin}]`)))).toHaveLength(
      2,
    );
    for (const lines of [
      `coordinator: http://c.test\npin: ${pin}`,
      `coordinator: [https://c.test, http://d.test]\npin: ${pin}`,
      `${secure}pin: sha256/short`,
    ]) {
      expect(() => parseSiteConfig(text(lines)), lines).toThrow(/pin/);
    }
  });

  it('H: reports every fault at its line and column', () => {
    const faults = faultsOf(`name: Cleveland
organisation: x
coordinator: ftp://host
datasets: { heart: 7 }
policy:
  purposes: [cancer, DUO:0000007]
  minCohort: 0
  largestEpsilon: 3
colour: red
`);
    expect(faults.split('\n').slice(1)).toEqual([
      expect.stringMatching(/^node\.yaml:1:1 name: must be lower-case .*, got "Cleveland"$/),
      expect.stringMatching(/^node\.yaml:3:1 coordinator: must be an http/),
      expect.stringMatching(/^node\.yaml:4:13 datasets\.heart: .*got 7/),
      expect.stringMatching(/^node\.yaml:6:14 policy\.purposes\[0\]: must be a GA4GH DUO/),
      expect.stringMatching(/^node\.yaml:7:3 policy\.minCohort: must be at least 1, got 0/),
      expect.stringMatching(/^node\.yaml:8:3 policy\.largestEpsilon: is not a known key/),
      expect.stringMatching(/^node\.yaml:9:1 colour: is not a known key/),
    ]);
  });

  it('H: serves a page to other machines only with a name and a token', () => {
    const page = (text: string) => `${GOOD}page: ${text}\n`;
    expect(parseSiteConfig(page('{}')).page).toEqual({ port: 0, listen: '127.0.0.1', hosts: [] });
    for (const listen of ['127.0.0.1', '127.9.9.9', '"::1"']) {
      expect(parseSiteConfig(page(`{ listen: ${listen} }`)).page?.tokenFile).toBeUndefined();
    }
    for (const listen of ['0.0.0.0', '"::"', '10.1.2.3']) {
      const faults = faultsOf(page(`{ listen: ${listen} }`));
      expect(faults).toContain('page.hosts: must name at least one');
      expect(faults).toContain('page.tokenFile: is required');
      const full = `{ listen: ${listen}, hosts: [node.example], tokenFile: token }`;
      expect(parseSiteConfig(page(full)).page?.hosts).toEqual(['node.example']);
    }
    expect(faultsOf(page('{ listen: localhost }'))).toContain('page.listen');
  });

  it('says where a missing field belongs', () => {
    const faults = faultsOf('name: a\ncoordinator: http://h\npolicy:\n  minCohort: 2\n');
    expect(faults).toContain('node.yaml:1:1 organisation: is required');
    expect(faults).toContain('node.yaml:3:1 policy.purposes: is required');
  });

  it.each([
    ['a repeated key', 'name: a\nname: b\n', /:2:1 this key stands here twice/],
    ['an anchor', 'name: &x a\n', /:1:10 anchors/],
    ['an alias', 'name: &x a\norganisation: *x\n', /:2:15 aliases/],
    ['broken text', 'name: "a\n', /:2:1 Missing closing/],
    ['no map at all', '- 1\n', /:1:1 must be \{/],
    ['nothing', '', /:1:1 is empty/],
  ])('refuses %s', (_what, text, expected) => {
    expect(faultsOf(text)).toMatch(expected);
  });

  it('adds a dataset and keeps the comments', async () => {
    await writeFile(join(folder, 'node.yaml'), GOOD);
    await writeFile(join(folder, 'lung.csv'), 'a\n1\n');
    const config = await addDataset(folder, 'lung', join(folder, 'lung.csv'));
    expect(config.datasets).toEqual({ heart: 'heart.csv', lung: 'lung.csv' });
    expect(await readFile(join(folder, 'node.yaml'), 'utf8')).toContain('# disease research');
    expect(datasetPath(config, folder, 'lung')).toBe(join(folder, 'lung.csv'));
    expect(() => datasetPath(config, folder, 'toString')).toThrow(/no dataset named toString/);
  });

  it('refuses a dataset that cannot be read or named', async () => {
    await writeFile(join(folder, 'node.yaml'), GOOD);
    await expect(addDataset(folder, 'lung', join(folder, 'lung.csv'))).rejects.toMatchObject({
      code: 'DATA_FILE_UNREADABLE',
    });
    await writeFile(join(folder, 'lung.csv'), '');
    await expect(addDataset(folder, 'Lung', join(folder, 'lung.csv'))).rejects.toMatchObject({
      code: 'CONFIG_NODE_INVALID',
    });
    expect(await readFile(join(folder, 'node.yaml'), 'utf8')).toBe(GOOD);
  });

  it('writes a file that reads back', async () => {
    const config = parseSiteConfig(GOOD);
    await writeSiteConfig(folder, config);
    expect(await loadSiteConfig(folder)).toEqual(config);
  });
});
