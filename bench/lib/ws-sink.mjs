// @ts-check
/** A bare `ws` server that receives and does nothing else: what receiving alone costs. Prints its port. */
import { WebSocketServer } from 'ws';

const server = new WebSocketServer({
  host: '127.0.0.1',
  port: 0,
  perMessageDeflate: false,
  maxPayload: 2 ** 21,
});
let messages = 0;
server.on('connection', (socket) => {
  socket.on('message', () => messages++);
});
server.on('listening', () => {
  const address = server.address();
  process.send?.({ port: typeof address === 'object' ? address?.port : undefined });
});
process.on('message', () => {
  const { user, system } = process.cpuUsage();
  process.send?.({ messages, cpu: (user + system) / 1e6 });
});
process.once('disconnect', () => process.exit(0));
