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
  let admission: Admission;
  let refusal: TallyError | undefined;

  beforeEach(async () => {
    clock = new VirtualClock();
    sockets = [];
    joined = [];
    isWelcome = true;
    refusal = undefined;
    admission = new Admission();
    const hello = { kind: 'challenge' as const, serverNonce: '00'.repeat(32) };
    const greeter = {
      challenge: () => ({ nonce: '', frame: encodeFrame(hello) }),
      answer: () =>
        isWelcome
          ? Promise.resolve({ member: { node: 3 }, frame: encodeFrame(hello), software: '' })
          : Promise.reject(new TallyError('AUTH_HELLO_INVALID', { node: 3, reason: 'test' })),
    } as unknown as Greeter; // stands for every outcome of the handshake
    server = new FleetServer({
      admission,
      greeter,
      sessions: new Sessions(),
      session: { clock, logger: new MemoryLogger() } as unknown as NodeSessionDeps, // no frame gets that far
      joined: ({ node }) => joined.push(node),
      refusal: () => Promise.resolve(refusal),
      heartbeatMs: LIMITS.heartbeatMs,
      left: () => Promise.resolve(),
      clock,
      logger: new MemoryLogger(),
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
    sockets[0]?.send(new Uint8Array(8)); // welcome: gives its place back
    await expect.poll(() => joined).toEqual([3]);
    expect(await upgrade('/api/v1/fleet', 'tally.v1')).toBe(101);
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
    socket.send(new Uint8Array(8));
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
    first.socket.send(new Uint8Array(8));
    await expect.poll(() => joined.length).toBe(1);
    const second = await open();
    second.socket.send(new Uint8Array(8));
    await expect.poll(first.closed).toBe(4409);
    expect(second.closed()).toBeUndefined();
  });

  it('H: closes a session with 1009 at a frame that is too large', async () => {
    const { socket, closed } = await open();
    socket.send(new Uint8Array(8));
    await expect.poll(() => joined.length).toBe(1);
    socket.send(new Uint8Array(LIMITS.chunkBytes + LIMITS.maxHeadBytes + 100));
    await expect.poll(closed).toBe(1009);
  });

  it('notices a dead peer within three heartbeats', async () => {
    const { socket, closed } = await open();
    socket.send(new Uint8Array(8));
    await expect.poll(() => joined.length).toBe(1);
    socket.pause(); // reads no ping, sends no pong
    for (let beat = 0; beat < 3; beat++) await clock.advance(LIMITS.heartbeatMs);
    socket.resume();
    await expect.poll(closed).toBe(1006);
  });

  it('drains: says goodbye, closes with 1001 and takes nobody in', async () => {
    const { socket, messages, closed } = await open();
    socket.send(new Uint8Array(8));
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
