// @ts-check
import { fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { LIMITS } from '@tallystick/protocol';
import { WebSocket } from 'ws';

const SINK = fileURLToPath(new URL('ws-sink.mjs', import.meta.url));

/**
 * Bytes per CPU-second that a bare `ws` server receives in chunks of the protocol, over `connections` sockets at once.
 * @param {{ readonly connections: number, readonly bytesEach: number }} size
 */
export async function receiveRate({ connections, bytesEach }) {
  const sink = fork(SINK);
  /** @returns {Promise<any>} */
  const answer = () => new Promise((resolve) => sink.once('message', resolve));
  try {
    const { port } = await answer();
    const ask = () => {
      const told = answer();
      sink.send('cpu');
      return told;
    };
    const before = await ask();
    const count = Math.ceil(bytesEach / LIMITS.chunkBytes);
    const senders = Array.from({ length: connections }, () => sendAll(port, count));
    await Promise.all(senders);
    for (;;) {
      const { messages, cpu } = await ask();
      if (messages === connections * count) {
        return (messages * LIMITS.chunkBytes) / (cpu - before.cpu);
      }
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  } finally {
    sink.disconnect();
  }
}

/** @param {number} port @param {number} count */
async function sendAll(port, count) {
  const socket = new WebSocket(`ws://127.0.0.1:${port}`, { perMessageDeflate: false });
  await new Promise((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('error', reject);
  });
  const chunk = randomBytes(LIMITS.chunkBytes);
  for (let i = 0; i < count; i++) await new Promise((resolve) => socket.send(chunk, resolve));
  socket.close();
}
