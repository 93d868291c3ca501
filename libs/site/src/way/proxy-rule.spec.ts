import { describe, expect, it } from 'vitest';
import { proxyName, proxyRule } from './proxy-rule.js';

const ENV = {
  HTTPS_PROXY: 'http://ada:secret@proxy.test:3128',
  HTTP_PROXY: 'plain.test:8080',
  NO_PROXY: 'clinic.test, .inner.test 10.0.0.5 other.test:8443',
};

describe('proxyRule', () => {
  it.each([
    ['https://coordinator.test', 'proxy.test:3128'],
    ['wss://coordinator.test/api', 'proxy.test:3128'],
    ['http://coordinator.test', 'plain.test:8080'],
    ['ws://coordinator.test', 'plain.test:8080'],
    ['https://notclinic.test', 'proxy.test:3128'],
    ['https://other.test', 'proxy.test:3128'],
    ['https://clinic.test', undefined],
    ['https://deep.clinic.test:9', undefined],
    ['https://x.inner.test', undefined],
    ['https://10.0.0.5:7700', undefined],
    ['https://other.test:8443', undefined],
    ['https://127.0.0.1:7700', undefined],
    ['http://localhost:7700', undefined],
    ['https://[::1]:7700', undefined],
  ])('%s goes by %s', (target, proxy) => {
    expect(proxyRule(ENV)(new URL(target))?.host).toBe(proxy);
  });

  it('reads small letters first, and * as everything', () => {
    const target = new URL('https://c.test');
    expect(proxyRule({ ...ENV, https_proxy: 'http://small.test' })(target)?.host).toBe(
      'small.test',
    );
    expect(proxyRule({ ...ENV, no_proxy: '*' })(target)).toBeUndefined();
    expect(proxyRule({ HTTPS_PROXY: '' })(target)).toBeUndefined();
  });

  it('refuses what is no address, and shows no password', () => {
    const target = new URL('https://c.test');
    expect(() => proxyRule({ HTTPS_PROXY: 'socks5://p.test' })(target)).toThrow(
      'HTTPS_PROXY is no http(s) address',
    );
    const proxy = proxyRule(ENV)(target);
    expect(proxy && proxyName(proxy)).toBe('http://proxy.test:3128');
  });
});
