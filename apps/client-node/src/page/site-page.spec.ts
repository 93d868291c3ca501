import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { asRunId } from '@tallystick/kernel';
import { testHash } from '@tallystick/site/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TestSite, ticketOf } from '../testing/test-site.js';

const READS = ['site', 'tasks', 'datasets', 'consents', 'evidence', 'earnings', 'log'] as const;
const ACTS = ['intake', 'consents/grant', 'consents/revoke', 'withdraw', 'auth/logout'] as const;

const codeOf = ({ text }: { readonly text: string }): string => JSON.parse(text).error?.code;

describe('the page of a site', () => {
  let site: TestSite;
  beforeEach(async () => {
    site = await TestSite.start();
  });
  afterEach(() => site.close());

  it('shows nothing to whoever has not come by a link', async () => {
    const door = JSON.parse(await readFile(join(site.folder, 'page.json'), 'utf8'));
    for (const session of [undefined, 'x', ticketOf(site.page.link()), door.key]) {
      const asked = session === undefined ? {} : { session };
      for (const path of READS) {
        const answer = await site.call(path, asked);
        expect([path, answer.status, codeOf(answer)]).toEqual([path, 401, 'AUTH_REQUIRED']);
      }
      for (const path of ACTS) {
        expect([path, (await site.call(path, { ...asked, body: {} })).status]).toEqual([path, 401]);
      }
    }
    expect(site.node.parts.intake.state).toBe('open');
  });

  it('shows all of it to whoever did, once a link', async () => {
    const ticket = ticketOf(site.page.link());
    const session = await site.signIn(ticket);
    for (const path of READS)
      expect([path, (await site.call(path, { session })).status]).toEqual([path, 200]);
    const again = await site.call('auth/link', { body: { ticket } });
    expect([again.status, codeOf(again)]).toEqual([401, 'AUTH_SIGN_IN']);
    await site.call('auth/logout', { body: {}, session });
    expect((await site.call('site', { session })).status).toBe(401);
  });

  it.each([
    'evil.example',
    'evil.example:80',
    '127.0.0.1.evil.example',
    '127.0.0.1@evil.example',
    'localhost.evil.example',
    '10.0.0.1',
  ])('H: does not answer to the name %s, which may be pointed at this machine', async (host) => {
    const session = await site.signIn();
    for (const path of ['/', '/api/v1/site', '/api/v1/nothing']) {
      const headers = { host, accept: 'text/html', authorization: `Bearer ${session}` };
      const answer = await site.ask(path, { headers });
      expect([path, answer.status]).toEqual([path, 403]);
      expect(codeOf(answer)).toBe('AUTH_CROSS_SITE');
    }
  });

  it.each(['127.0.0.1', 'localhost', '[::1]', 'LOCALHOST'])('answers to %s', async (name) => {
    const session = await site.signIn();
    const { port } = new URL(site.page.url);
    const headers = { host: `${name}:${port}`, authorization: `Bearer ${session}` };
    expect((await site.ask('/api/v1/site', { headers })).status).toBe(200);
  });

  it.each([
    ['another site', { 'sec-fetch-site': 'cross-site' }],
    ['another port of this machine', { 'sec-fetch-site': 'same-site' }],
    ['another origin, by an old browser', { origin: 'http://evil.example' }],
    ['no origin at all', { origin: 'null' }],
    ['a form', { 'sec-fetch-site': 'same-origin', 'content-type': 'text/plain' }],
  ])('H: refuses an act that %s makes a browser send', async (_who, headers) => {
    const session = await site.signIn();
    const send = (extra: object) =>
      site.ask('/api/v1/withdraw', {
        method: 'POST',
        body: '{}',
        headers: {
          'content-type': 'application/json',
          authorization: `Bearer ${session}`,
          ...extra,
        },
      });
    const answer = await send(headers);
    expect([answer.status, codeOf(answer)]).toEqual([403, 'AUTH_CROSS_SITE']);
    expect(site.node.parts.intake.state).toBe('open');
    expect((await send({ 'sec-fetch-site': 'same-origin' })).status).toBe(200);
    expect(site.node.parts.intake.state).toBe('withdrawn');
  });

  it('H: another page cannot read either, and no origin is let in', async () => {
    const session = await site.signIn();
    for (const from of ['cross-site', 'same-site', 'none']) {
      const headers = { authorization: `Bearer ${session}`, 'sec-fetch-site': from };
      const answer = await site.ask('/api/v1/site', { headers });
      expect([answer.status, codeOf(answer)]).toEqual([403, 'AUTH_CROSS_SITE']);
    }
    const preflight = await site.ask('/api/v1/site', {
      method: 'OPTIONS',
      headers: { origin: 'http://evil.example', 'access-control-request-method': 'GET' },
    });
    expect(preflight.status).toBe(401);
    expect(Object.keys(preflight.headers).filter((name) => name.startsWith('access-'))).toEqual([]);
  });

  it('H: bad requests get words, and none of them ends the node', async () => {
    const session = await site.signIn();
    const large = await site.call('intake', { session, body: { state: 'x'.repeat(10_000) } });
    expect(codeOf(large)).toBe('PROTO_TOO_LARGE');
    for (const body of [{}, { state: 'withdrawn' }, { state: 'open', more: 1 }, [], null]) {
      expect(codeOf(await site.call('intake', { session, body }))).toBe('USAGE_INVALID');
    }
    expect(codeOf(await site.call('../../node.key', { session }))).toBe('USAGE_NOT_FOUND');
    expect((await site.ask('/node.key')).status).toBe(404);
    expect((await site.ask('/../node.yaml')).status).toBe(404);
  });

  it('sends what a browser needs to know with every answer', async () => {
    for (const path of ['/', '/api/v1/site']) {
      const { headers } = await site.ask(path, { headers: { accept: 'text/html' } });
      expect(headers['content-security-policy']).toContain("default-src 'none'");
      expect(headers['content-security-policy']).toContain("require-trusted-types-for 'script'");
      expect(headers['content-security-policy']).not.toContain('unsafe');
      expect(headers).toMatchObject({
        'cross-origin-opener-policy': 'same-origin',
        'cross-origin-resource-policy': 'same-origin',
        'referrer-policy': 'no-referrer',
        'x-content-type-options': 'nosniff',
      });
    }
    expect((await site.ask('/api/v1/site')).headers['cache-control']).toBe('no-store');
  });

  it('pauses and goes on, and the node has it on disk', async () => {
    const session = await site.signIn();
    const { text } = await site.call('intake', { session, body: { state: 'paused' } });
    expect(JSON.parse(text).intake).toEqual({ state: 'paused', sinceMs: expect.any(Number) });
    expect(JSON.parse(await readFile(join(site.folder, 'intake.json'), 'utf8')).state).toBe(
      'paused',
    );
    await site.call('intake', { session, body: { state: 'open' } });
    expect(site.node.parts.intake.refusal()).toBeUndefined();
  });

  it('shows a data set by its shape alone', async () => {
    const session = await site.signIn();
    const read = async () =>
      JSON.parse((await site.call('datasets', { session })).text).datasets[0];
    expect(await read()).toMatchObject({ name: 'heart', rows: null });
    let shape = await read();
    while (shape.rows === null) shape = await read();
    expect(shape).toMatchObject({ rows: 1, columns: ['num', 'age', 'sex', 'set'], fault: null });
    expect(JSON.stringify(shape)).not.toContain('61');
  });

  it('shows what was asked and declined', async () => {
    const { journal } = site.node.parts;
    const at = { run: asRunId(3), round: 7, task: testHash('t') };
    journal.take({ ...at, kind: 'asked', cohort: 2 });
    const why = {
      code: 'POLICY_COHORT_TOO_SMALL',
      message: 'the cohort of 2 is too small',
    } as const;
    journal.take({ ...at, kind: 'declined', ...why });
    const { text } = await site.call('tasks', { session: await site.signIn() });
    expect(JSON.parse(text).tasks).toEqual([
      expect.objectContaining({
        run: 3,
        round: 7,
        state: 'declined',
        reason: expect.objectContaining(why),
      }),
    ]);
  });

  it('leaves the file that asks for links to whoever may read the keys, and takes it away', async () => {
    const path = join(site.folder, 'page.json');
    expect((await stat(path)).mode & 0o077).toBe(0);
    const { key } = JSON.parse(await readFile(path, 'utf8'));
    const { text } = await site.call('auth/tickets', { session: key, body: {} });
    const session = await site.signIn(ticketOf(JSON.parse(text).link));
    expect((await site.call('site', { session })).status).toBe(200);
    expect((await site.call('auth/tickets', { session, body: {} })).status).toBe(401);
    await site.page.close();
    await expect(stat(path)).rejects.toMatchObject({ code: 'ENOENT' });
    await site.node.close();
    site = await TestSite.start();
  });
});

describe('withdrawing', () => {
  const consent = {
    ...{ run: 4, fromRound: 0, untilRound: 9, untilMs: 9, purposes: [7], fromBlock: 1 },
    policy: testHash('policy'),
  };

  it('holds at once, and names the consents that could not be revoked', async () => {
    const site = await TestSite.start('', (folder) =>
      writeFile(
        join(folder, 'consents.json'),
        JSON.stringify([consent, { ...consent, run: 5, revokedAtBlock: 3 }]),
      ),
    );
    const session = await site.signIn();
    const { text } = await site.call('withdraw', { session, body: {} });
    expect(JSON.parse(text)).toEqual({
      revoked: [],
      failed: [
        {
          run: 4,
          code: 'USAGE_INVALID',
          message: expect.stringContaining('node.yaml names no chain'),
        },
      ],
    });
    expect(site.node.parts.intake.refusal()?.code).toBe('POLICY_WITHDRAWN');
    await site.call('intake', { session, body: { state: 'paused' } });
    expect(site.node.parts.intake.state).toBe('withdrawn');
    await site.close();
  });
});

describe('a page that others can reach', () => {
  const TOKEN = 'a-token-of-32-characters-or-more';
  const yaml = 'page: { listen: 0.0.0.0, hosts: [node.hospital.example], tokenFile: page-token }\n';

  it('opens by the token and by no link, under the names that were given', async () => {
    const site = await TestSite.start(yaml, (folder) =>
      writeFile(join(folder, 'page-token'), `${TOKEN}\n`),
    );
    expect(site.page.link()).toBe(site.page.url);
    expect(site.logger.lines.map(({ event }) => event)).toContain('page.exposed');
    const session = await site.signIn(TOKEN);
    const headers = { authorization: `Bearer ${session}`, host: 'node.hospital.example' };
    expect((await site.ask('/api/v1/site', { headers })).status).toBe(200);
    const evil = { ...headers, host: 'evil.example' };
    expect((await site.ask('/api/v1/site', { headers: evil })).status).toBe(403);
    expect(codeOf(await site.call('auth/link', { body: { ticket: 'guess' } }))).toBe(
      'AUTH_SIGN_IN',
    );
    await site.close();
  });

  it.each([
    ['is not there', async () => undefined],
    ['is short', (folder: string) => writeFile(join(folder, 'page-token'), 'short\n')],
  ])('H: does not start when the token %s', async (_what, prepare) => {
    await expect(TestSite.start(yaml, prepare)).rejects.toMatchObject({
      code: 'DATA_FILE_UNREADABLE',
    });
  });

  it('H: says which port is taken', async () => {
    const first = await TestSite.start();
    const { port } = new URL(first.page.url);
    await expect(TestSite.start(`page: { port: ${port} }\n`)).rejects.toMatchObject({
      code: 'CONFIG_PORT_IN_USE',
    });
    await first.close();
  });
});
