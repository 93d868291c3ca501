import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { type Clock, isTallyError, type Logger, TallyError } from '@tallystick/kernel';
import { type CoordinatorHead, encodeFrame, type Heartbeats, LIMITS } from '@tallystick/protocol';
import { WebSocket, WebSocketServer } from 'ws';
import { clientAddress } from '../client-address.js';
import type { Door } from '../http/door.js';
import type { Admission } from './admission.js';
import { asBytes, firstFrame } from './first-frame.js';
import type { Greeter } from './greeter.js';
import { Heartbeat, type LostNode } from './heartbeat.js';
import { LargeFrames, MAX_MESSAGE_BYTES } from './large-frames.js';
import { errorHead, NodeSession, type NodeSessionDeps } from './node-session.js';
import type { Sessions } from './sessions.js';
import type { SocketLimits } from './socket-limits.js';
import { WsWire } from './ws-wire.js';

export const FLEET_PATH = '/api/v1/fleet';
const SUBPROTOCOL = 'tally.v1';
/** A session ends a little before its token does; the node comes back and gets a new one. */
const SESSION_MS = LIMITS.sessionTokenMs - 300_000;
/** Close code of a connection that broke off without one (RFC 6455 §7.1.5). */
const ABNORMAL = 1006;
/** How long a drain waits for the nodes to hang up. */
const DRAIN_MS = 500;

/** Log lines about refused newcomers: one in this time. */
const TELL_MS = 10_000;

export interface FleetServerDeps {
  readonly door: Pick<Door, 'admit'>;
  readonly admission: Admission;
  readonly sockets: SocketLimits;
  /** Somebody was sent away for want of room. */
  readonly refused: () => void;
  readonly greeter: Greeter;
  readonly sessions: Sessions;
  readonly session: NodeSessionDeps;
  /** A node was proved and its session is live. */
  readonly joined: (session: NodeSession) => void;
  /** A node fell silent; its session ends. */
  readonly lost: (node: LostNode) => void;
  /** Its session is over; a drain waits for it. */
  readonly left: (session: NodeSession) => Promise<void>;
  /** Why this process takes no nodes now; may take its time while that is undecided. */
  readonly refusal: () => Promise<TallyError | undefined>;
  readonly beats: Heartbeats;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The nodes' sockets: refuses early, lets nobody in who has not proved a key, and drains politely. */
export class FleetServer {
  readonly #deps: FleetServerDeps;
  readonly #server = new WebSocketServer({
    noServer: true,
    clientTracking: true,
    maxPayload: MAX_MESSAGE_BYTES,
    perMessageDeflate: false,
    handleProtocols: () => SUBPROTOCOL,
  });
  readonly #heartbeat: Heartbeat;
  readonly #leaving = new Set<Promise<unknown>>();
  #isDraining = false;
  #toldAtMs = Number.NEGATIVE_INFINITY;

  constructor(deps: FleetServerDeps) {
    this.#deps = deps;
    this.#heartbeat = new Heartbeat(deps.clock, deps.beats, deps.lost);
  }

  /** Takes over the upgrades of `http`. */
  attach(http: Server): void {
    http.maxConnections = this.#deps.sockets.connections;
    http.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head));
    this.#heartbeat.start();
  }

  /** Refuses newcomers, tells everybody, and resolves when all sockets are gone. */
  async drain(): Promise<void> {
    this.#isDraining = true;
    this.#heartbeat.stop();
    await this.#sendAway({ kind: 'drain', reason: 'the coordinator is shutting down' }, [
      1001,
      'NET_DRAINING',
    ]);
    this.#server.close();
  }

  /** Sends every node away, to another coordinator; resolves when all sockets are gone. */
  async sendAway(why: TallyError): Promise<void> {
    if (!this.#isDraining) await this.#sendAway(errorHead(why), [why.spec.close ?? 1001, why.code]);
  }

  async #sendAway(
    goodbye: CoordinatorHead,
    [code, reason]: readonly [number, string],
  ): Promise<void> {
    const words = encodeFrame(goodbye);
    const gone = [...this.#server.clients].map(
      (socket) => new Promise<void>((resolve) => socket.once('close', () => resolve())),
    );
    const ended = [...this.#deps.sessions.all()].map((session) => session.end());
    for (const socket of this.#server.clients) {
      if (socket.readyState === WebSocket.OPEN) socket.send(words);
      if (socket.isPaused) socket.resume();
      socket.close(code, reason);
    }
    const timer = this.#deps.clock.after(DRAIN_MS, () => {
      for (const socket of this.#server.clients) socket.terminate();
    });
    await Promise.all(gone);
    timer.cancel();
    await Promise.all([...ended, ...this.#leaving]);
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => socket.destroy());
    const refusal = this.#refusal(request);
    if (refusal !== undefined) return refuse(socket, refusal);
    const leave = this.#enter(clientAddress(request));
    if (leave === undefined) return refuse(socket, '503 Service Unavailable');
    socket.once('close', leave);
    this.#server.handleUpgrade(request, socket, head, (ws) => {
      const frames = new LargeFrames(socket, ws);
      this.#greet(ws, { socket: request.socket, frames, leave, early: head.length }).catch(
        (error: unknown) => {
          const reason = error instanceof Error ? error.message : String(error);
          this.#deps.logger.error('fleet.greet_failed', { reason });
          ws.terminate();
        },
      );
    });
  }

  /** A place among the newcomers; undefined when these, or all sockets, are too many. */
  #enter(address: string): (() => void) | undefined {
    const { admission, sockets: limits, refused } = this.#deps;
    const sockets = this.#server.clients.size;
    const leave = sockets < limits.sessions ? admission.enter(address) : undefined;
    if (leave !== undefined) return leave;
    refused();
    this.#tellFull(sockets);
    return undefined;
  }

  /** Now and then: newcomers who come in thousands must not fill the log. */
  #tellFull(sockets: number): void {
    const { clock, logger, admission, sockets: limits } = this.#deps;
    if (clock.nowMs() - this.#toldAtMs < TELL_MS) return;
    this.#toldAtMs = clock.nowMs();
    logger.warn('fleet.full', { sockets, limit: limits.sessions, pending: admission.pending });
  }

  #refusal(request: IncomingMessage): string | undefined {
    if (request.url?.split('?')[0] !== FLEET_PATH) return '404 Not Found';
    const offered = (request.headers['sec-websocket-protocol'] ?? '').split(',');
    if (!offered.some((name) => name.trim() === SUBPROTOCOL)) return '400 Bad Request';
    if (this.#isDraining) return '503 Service Unavailable';
    try {
      this.#deps.door.admit(request);
      return undefined;
    } catch (error) {
      return isTallyError(error, 'AUTH_HOST') ? '421 Misdirected Request' : '403 Forbidden';
    }
  }

  /** Challenge, one frame, welcome; then the socket belongs to a session. */
  async #greet(
    ws: WebSocket,
    place: {
      readonly socket: NodeJS.EventEmitter;
      readonly frames: LargeFrames;
      readonly leave: () => void;
      readonly early: number;
    },
  ): Promise<void> {
    const wire = new WsWire(ws);
    ws.on('error', () => undefined); // 'close' follows and is what counts
    try {
      ws.pause(); // nothing is read before it can be counted
      const refusal = await this.#deps.refusal();
      if (refusal !== undefined) throw refusal;
      const { nonce, frame } = this.#deps.greeter.challenge();
      const hello = firstFrame(ws, { ...place, clock: this.#deps.clock });
      wire.send(frame);
      ws.resume();
      const {
        member,
        frame: welcome,
        software,
      } = await this.#deps.greeter.answer(nonce, await hello);
      if (ws.readyState !== WebSocket.OPEN || this.#isDraining) return ws.terminate();
      place.leave();
      wire.send(welcome);
      this.#deps.logger.debug('fleet.hello', { node: member.node, software });
      const session = new NodeSession(member.node, wire, this.#deps.session);
      place.frames.land = () => session.land();
      this.#serve(ws, session);
    } catch (error) {
      const known = isTallyError(error) ? error : malformed(error);
      this.#deps.logger.debug('fleet.refused', { code: known.code });
      wire.send(encodeFrame(errorHead(known)));
      wire.close(known.spec.close ?? 4400, known.code);
    }
  }

  #serve(ws: WebSocket, session: NodeSession): void {
    const { sessions, joined, left, lost, clock } = this.#deps;
    this.#heartbeat.add(ws, session);
    const renewal = clock.after(SESSION_MS, () => ws.close(1001, 'NET_SESSION_RENEWAL'));
    ws.on('message', (data, isBinary) => {
      this.#heartbeat.alive(ws);
      if (isBinary) session.receive(asBytes(data));
      else session.fail(new TallyError('PROTO_MALFORMED', { reason: 'it is text' }));
    });
    ws.once('close', (code) => {
      const { node, work } = session;
      // Its process died, or the way to it broke: whoever is not silent but gone is as lost.
      if (code === ABNORMAL && work !== undefined && this.#heartbeat.has(ws)) {
        lost({ node, silentMs: clock.nowMs() - session.seenAtMs, work });
      }
      renewal.cancel();
      this.#heartbeat.remove(ws);
      sessions.leave(session);
      const leaving = Promise.all([session.end(), left(session)]);
      this.#leaving.add(leaving);
      void leaving.finally(() => this.#leaving.delete(leaving));
    });
    sessions.enter(session);
    joined(session);
    ws.resume();
  }
}

function refuse(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

function malformed(error: unknown): TallyError {
  const reason = error instanceof Error ? error.message : String(error);
  return new TallyError('PROTO_MALFORMED', { reason: reason.slice(0, 200) }, error);
}
