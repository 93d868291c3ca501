import { chmod, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { connectApi } from './connect-api.js';
import { loginFile, readLogin, storeLogin } from './stored-login.js';

const LOGIN = { url: 'https://coordinator.example', token: 'secret' };

describe('connectApi', () => {
  const { signal } = new AbortController();
  let folder: string;
  const context = (more: { url?: string; token?: string } = {}) => ({
    configFolder: join(folder, 'config'),
    signal,
    url: more.url,
    pin: undefined,
    proxy: () => undefined,
    token: more.token,
  });
  const globals = (server?: string) => ({
    json: false,
    data: folder,
    ...(server === undefined ? {} : { server }),
  });

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tally-login-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('takes the stored login when nothing else says where it is', async () => {
    const file = await storeLogin(join(folder, 'config'), LOGIN);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect((await connectApi(globals(), context())).url).toBe(LOGIN.url);
  });

  it('prefers --server to TALLY_URL to the login', async () => {
    await storeLogin(join(folder, 'config'), LOGIN);
    const token = 'x';
    const other = context({ url: 'http://b', token });
    expect((await connectApi(globals('http://a'), other)).url).toBe('http://a');
    expect((await connectApi(globals(), other)).url).toBe('http://b');
  });

  it('sends neither the stored nor the operator’s token to another address', async () => {
    await storeLogin(join(folder, 'config'), LOGIN);
    await writeFile(join(folder, 'api-token'), 'operator');
    const elsewhere = connectApi(globals('https://elsewhere.example'), context());
    await expect(elsewhere).rejects.toMatchObject({ code: 'AUTH_REQUIRED' });
    expect((await connectApi(globals('http://127.0.0.1:1'), context())).url).toContain('127.0.0.1');
  });

  it('names a folder in which nothing runs', async () => {
    await expect(connectApi(globals(), context())).rejects.toMatchObject({
      code: 'USAGE_NOT_RUNNING',
    });
  });

  it('refuses a login that others can read, or that is damaged', async () => {
    const config = join(folder, 'config');
    const file = await storeLogin(config, LOGIN);
    await chmod(file, 0o644);
    await expect(readLogin(config)).rejects.toMatchObject({ code: 'AUTH_LOGIN_UNSAFE' });
    await writeFile(loginFile(config), '{');
    await chmod(file, 0o600);
    await expect(readLogin(config)).rejects.toMatchObject({ code: 'AUTH_LOGIN_UNSAFE' });
  });
});
