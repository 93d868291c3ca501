import { createServer, request, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { TallyError } from '@tallystick/kernel';
import { MemoryLogger, VirtualClock } from '@tallystick/kernel/testing';
import { encodeFrame, LIMITS } from '@tallystick/protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { Admission } from './admission.js';
import { FleetServer } from './fleet-server.js';
import type { Greeter } from './greeter.js';
import type { NodeSessionDeps } from './node-session.js';
import { Sessions } from './sessions.js';

/** Sockets are real; time, and who is welcome, are the test's. */
describe('FleetServer', () => {
  let http: Server;
  let port: number;
  let clock: VirtualClock;
  let server: FleetServer;
  let sockets: WebSocket[];
  let isWelcome: boolean;
  let joined: number[];
  let lost: number[];
  let refused: number;
  let logger: MemoryLogger;
  let admission: Admission;
  let refusal: TallyError | undefined;

  beforeEach(async () => {
    clock = new VirtualClock();
    sockets = [];
    joined = [];
    lost = [];
    refused = 0;
    logger = new MemoryLogger();
    isWelcome = true;
    refusal = undefined;
    admission = new Admission();
    const hello = { kind: 'challenge' as const, serverNonce: '00'.repeat(32) };
    const greeter = {
      challenge: () => ({ nonce: '', frame: encodeFrame(hello) }),
      answer: (_: string, [node = 0]: Uint8Array) =>
        isWelcome
          ? Promise.resolve({ member: { node }, frame: encodeFrame(hello), software: '' })
          : Promise.reject(new TallyError('AUTH_HELLO_INVALID', { node: 3, reason: 'test' })),
    } as unknown as Greeter; // stands for every outcome of the handshake
    server = new FleetServer({
      door: { admit: () => undefined },
      admission,
      sockets: { sessions: 100, connections: 500 },
      refused: () => refused++,
      greeter,
      sessions: new Sessions(),
      session: { clock, logger: new MemoryLogger() } as unknown as NodeSessionDeps, // no frame gets that far
      joined: ({ node }) => joined.push(node),
      lost: ({ node }) => lost.push(node),
      refusal: () => Promise.resolve(refusal),
      beats: LIMITS,
      left: () => Promise.resolve(),
      clock,
      logger,
    });
    http = createServer();
    server.attach(http);
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
    port = (http.address() as AddressInfo).port;
  });
  afterEach(async () => {
    for (const socket of sockets) socket.terminate();
    await server.drain();
    await new Promise((resolve) => http.close(resolve));
  });

  /** Opens a socket and counts its messages. */
  async function open(): Promise<{
    socket: WebSocket;
    messages: number[];
    closed: () => number | undefined;
  }> {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/api/v1/fleet`, 'tally.v1');
    sockets.push(socket);
    const messages: number[] = [];
    let code: number | undefined;
    socket.on('message', (data: Buffer) => messages.push(data.length));
    socket.on('close', (closed) => (code = closed));
    socket.on('error', () => undefined);
    await expect.poll(() => messages.length).toBe(1);
    return { socket, messages, closed: () => code };
  }

  function upgrade(path: string, protocol: string): Promise<number> {
    const headers = {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': Buffer.alloc(16).toString('base64'),
      'sec-websocket-protocol': protocol,
    };
    return new Promise((resolve, reject) => {
      const asking = request({ port, path, headers });
      asking.on('response', (response) => resolve(response.statusCode ?? 0));
      asking.on('upgrade', (_, socket) => (socket.destroy(), resolve(101)));
      asking.on('error', reject);
      asking.end();
    });
  }

  it('answers by HTTP what is not for it', async () => {
    expect(await upgrade('/api/v1/other', 'tally.v1')).toBe(404);
    expect(await upgrade('/api/v1/fleet', 'tally.v2')).toBe(400);
    expect(await upgrade('/api/v1/fleet', 'tally.v1')).toBe(101);
  });

  it('refuses more newcomers of one address block before the upgrade', async () => {
    for (let i = 0; i < LIMITS.maxPendingPerAddress; i++) await open();
    expect(await upgrade('/api/v1/fleet', 'tally.v1')).toBe(503);
    sockets[0]?.send(new Uint8Array([3])); // welcome: gives its place back
    await expect.poll(() => joined).toEqual([3]);
    expect(await upgrade('/api/v1/fleet', 'tally.v1')).toBe(101);
  });

  it('refuses more sockets than there are files for, before the upgrade, and says so once', async () => {
    for (let node = 0; node < 100; node++) {
      (await open()).socket.send(new Uint8Array([node]));
      await expect.poll(() => joined.length).toBe(node + 1);
    }
    expect(await upgrade('/api/v1/fleet', 'tally.v1')).toBe(503);
    expect(await upgrade('/api/v1/fleet', 'tally.v1')).toBe(503);
    expect(refused).toBe(2);
    const full = logger.lines.filter(({ event }) => event === 'fleet.full');
    expect(full).toMatchObject([{ fields: { sockets: 100, limit: 100 } }]);
    sockets[0]?.terminate();
    await expect.poll(() => upgrade('/api/v1/fleet', 'tally.v1')).toBe(101);
  });

  it('cuts who says nothing for five seconds', async () => {
    const { closed } = await open();
    await clock.advance(LIMITS.preAuthMs);
    await expect.poll(closed).toBe(4408);
    expect(admission.pending).toBe(0);
  });

  it('H: cuts who sends more than 4 KiB before the welcome, without taking it in', async () => {
    const { socket, closed } = await open();
    socket.send(new Uint8Array(LIMITS.preAuthBytes + 100));
    await expect.poll(closed).toBe(1009);
    expect(joined).toEqual([]);
  });

  it('tells who is refused why', async () => {
    isWelcome = false;
    const { socket, messages, closed } = await open();
    socket.send(new Uint8Array([3]));
    await expect.poll(closed).toBe(4401);
    expect(messages.length).toBe(2);
  });

  it('sends newcomers of a standby elsewhere, and whoever was there when it stepped down', async () => {
    const early = await open();
    early.socket.send(new Uint8Array(8));
    await expect.poll(() => joined.length).toBe(1);
    refusal = new TallyError('NET_STANDBY', { leader: 'http://other' });
    const late = await open(); // one message: the error
    await expect.poll(late.closed).toBe(4503);
    await server.sendAway(refusal);
    await expect.poll(early.closed).toBe(4503);
    refusal = undefined;
    await open(); // it takes nodes again when it leads again
  });

  it('lets the newer hello of a node win', async () => {
    const first = await open();
    first.socket.send(new Uint8Array([3]));
    await expect.poll(() => joined.length).toBe(1);
    const second = await open();
    second.socket.send(new Uint8Array([3]));
    await expect.poll(first.closed).toBe(4409);
    expect(second.closed()).toBeUndefined();
  });

  it('H: closes a session with 1009 at a frame that is too large', async () => {
    const { socket, closed } = await open();
    socket.send(new Uint8Array([3]));
    await expect.poll(() => joined.length).toBe(1);
    socket.send(new Uint8Array(LIMITS.chunkBytes + LIMITS.maxHeadBytes + 100));
    await expect.poll(closed).toBe(1009);
  });

  it('notices a peer that is silent, and names its node', async () => {
    const { socket, closed } = await open();
    socket.send(new Uint8Array([3]));
    await expect.poll(() => joined.length).toBe(1);
    socket.pause(); // reads no ping, sends no pong
    await clock.advance(60_000);
    expect(lost).toEqual([]);
    await clock.advance(5_000);
    expect(lost).toEqual([3]);
    socket.resume();
    await expect.poll(closed).toBe(1006);
  });

  it('drains: says goodbye, closes with 1001 and takes nobody in', async () => {
    const { socket, messages, closed } = await open();
    socket.send(new Uint8Array([3]));
    await expect.poll(() => joined.length).toBe(1);
    const drained = server.drain();
    await expect.poll(closed).toBe(1001);
    await drained;
    expect(messages.length).toBe(3); // challenge, welcome, drain
    expect(await upgrade('/api/v1/fleet', 'tally.v1')).toBe(503);
  });

  it('survives a peer that speaks no WebSocket', async () => {
    const raw = connect(port, '127.0.0.1');
    raw.write('GET /api/v1/fleet HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n');
    raw.destroy();
    expect(await upgrade('/api/v1/fleet', 'tally.v1')).toBe(101);
  });
});
