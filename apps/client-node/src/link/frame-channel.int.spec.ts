import { TallyError } from '@tallystick/kernel';
import { STRAIGHT, type Way } from '@tallystick/site';
import { TestProxy, TlsServer } from '@tallystick/site/testing';
import { systemClock } from '@tallystick/kernel/node';
import { encodeFrame } from '@tallystick/protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocketServer } from 'ws';
import { FrameChannel } from './frame-channel.js';

const { signal } = new AbortController();
const NONCE = 'ab'.repeat(32);

describe('FrameChannel over TLS', () => {
  let server: TlsServer;
  let stranger: TlsServer;
  let proxy: TestProxy;
  let upgrades: string[];

  beforeEach(async () => {
    upgrades = [];
    [server, stranger, proxy] = [
      await TlsServer.start(),
      await TlsServer.start(),
      await TestProxy.start(),
    ];
    for (const [name, one] of [
      ['server', server],
      ['stranger', stranger],
    ] as const) {
      const sockets = new WebSocketServer({ server: one.server });
      sockets.on('connection', (socket) => {
        upgrades.push(name);
        socket.send(encodeFrame({ kind: 'challenge', serverNonce: NONCE }));
      });
    }
  });
  afterEach(async () => {
    await proxy.close();
    await server.close();
    await stranger.close();
  });

  const open = (
    to: TlsServer,
    way: Way = { ...STRAIGHT, pins: [server.pin] },
  ): Promise<FrameChannel> =>
    FrameChannel.open(`wss://127.0.0.1:${to.port}`, { way, clock: systemClock }, signal);

  async function challenged(channel: FrameChannel): Promise<void> {
    expect((await channel.next()).head).toEqual({ kind: 'challenge', serverNonce: NONCE });
    channel.close(1000, new TallyError('NET_DRAINING'));
  }

  it('opens to the pinned key, straight and through a proxy', async () => {
    await challenged(await open(server));
    const way = { pins: [server.pin], proxy: () => proxy.url };
    await challenged(await open(server, way));
    expect(proxy.asked).toEqual([`127.0.0.1:${server.port}`]);
  });

  it('asks nobody else to upgrade, not even where the proxy leads', async () => {
    const code = 'AUTH_CERTIFICATE_PIN';
    await expect(open(stranger)).rejects.toMatchObject({ code });
    proxy.detour = stranger.port;
    const way = { pins: [server.pin], proxy: () => proxy.url };
    await expect(open(server, way)).rejects.toMatchObject({ code });
    await expect(open(server, STRAIGHT)).rejects.toMatchObject({ code: 'AUTH_CERTIFICATE' });
    expect(upgrades).toEqual([]);
  });

  it('does not open in the clear what is pinned', async () => {
    const way = { ...STRAIGHT, pins: [server.pin] };
    const plain = FrameChannel.open(
      `ws://127.0.0.1:${server.port}`,
      { way, clock: systemClock },
      signal,
    );
    await expect(plain).rejects.toMatchObject({ code: 'AUTH_PLAIN_HTTP' });
  });
});
