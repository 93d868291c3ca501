/**
 * Preload (`node --import`) under which every way to the network fails: sockets, TLS, datagrams, name look-ups, fetch.
 * Prints one line when it is in place, so that a test can tell that it was.
 */
import { promises as dnsPromises, default as dns } from 'node:dns';
import dgram from 'node:dgram';
import { syncBuiltinESMExports } from 'node:module';
import net from 'node:net';
import process from 'node:process';

function refuse(what: string): () => never {
  return () => {
    throw new Error(`network refused: ${what}`);
  };
}

/** Replaces every function of `target` whose name matches. */
function refuseAll(target: object, names: RegExp, what: string): void {
  for (const name of Object.getOwnPropertyNames(target)) {
    if (!names.test(name) || typeof Reflect.get(target, name) !== 'function') continue;
    Reflect.set(target, name, refuse(`${what}.${name}`));
  }
}

refuseAll(net.Socket.prototype, /^connect$/, 'Socket');
refuseAll(net.Server.prototype, /^listen$/, 'Server');
refuseAll(net, /^(connect|createConnection)$/, 'net');
refuseAll(dgram, /^createSocket$/, 'dgram');
refuseAll(dns, /^(lookup|resolve|reverse)/, 'dns');
refuseAll(dnsPromises, /^(lookup|resolve|reverse)/, 'dns.promises');
Reflect.set(globalThis, 'fetch', refuse('fetch'));
syncBuiltinESMExports();
process.stderr.write('network refused\n');
