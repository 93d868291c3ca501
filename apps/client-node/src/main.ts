import { createRequire } from 'node:module';
import { exitCodeOf, isTallyError, type Logger } from '@tallystick/kernel';
import { ed25519, linkAborts, sha256, systemClock, systemEntropy } from '@tallystick/kernel/node';
import { proxyRule } from '@tallystick/site';
import { createLogger, openOtlpTrace, type OtlpTrace } from '@tallystick/telemetry';
import { ProcessTrainer } from '@tallystick/training';
import { ClientNode } from './client-node.js';
import { loadConfig } from './config.js';
import type { Welcome } from './link/handshake.js';
import { SitePage } from './page/site-page.js';

/** The composition root, and the only file that reads the environment. */
async function main(): Promise<void> {
  const startedAtMs = Math.round(performance.timeOrigin);
  process.stdout.on('error', () => undefined); // nobody waits any more
  const config = loadConfig(process.env, process.argv.slice(2));
  const logger = createLogger({ role: 'node', level: config.log.level });
  warnWithoutBufferutil(logger);
  const stop = new AbortController();
  onSignals(stop, logger);
  const announce = announceOnce(startedAtMs);
  while ((await takePart(config.folder, { logger, announce }, stop.signal)) === 'key changed') {
    logger.info('node.reopened');
  }
  logger.info('node.stopped');
}

/** One life of the node, with one pair of keys: from the opening of the folder to its closing. */
async function takePart(
  folder: string,
  { logger, announce }: { readonly logger: Logger; readonly announce: (welcome: Welcome) => void },
  signal: AbortSignal,
): ReturnType<ClientNode['run']> {
  const trainer = new ProcessTrainer({
    onCrash: ({ code, message }) => logger.warn('training.restarted', { code, reason: message }),
  });
  const trace = traceOf(process.env, logger);
  const node = await ClientNode.open(folder, {
    ...{ trainer, trace, sha256, ed25519, clock: systemClock, entropy: systemEntropy, logger },
    proxy: proxyRule(process.env),
    software: 'tallystick-client-node/0',
    onWelcome: announce,
  });
  const life = new AbortController();
  const aborts = linkAborts(signal, life.signal);
  let page: SitePage | undefined;
  try {
    page = await SitePage.open(node.parts);
    say({ event: 'node.page', url: page.url, link: page.link() });
    return await Promise.race([engineFailure(trainer, aborts.signal), node.run(aborts.signal)]);
  } finally {
    life.abort();
    aborts.release();
    await page?.close();
    await node.close();
    await trace?.close();
  }
}

/** OpenTelemetry's own names, as every collector's manual gives them; without an endpoint there are no traces. */
function traceOf(env: NodeJS.ProcessEnv, logger: Logger): OtlpTrace | undefined {
  const endpoint = env['OTEL_EXPORTER_OTLP_ENDPOINT'] ?? '';
  if (endpoint === '') return undefined;
  return openOtlpTrace({
    service: 'tallystick-node',
    endpoint,
    headers: env['OTEL_EXPORTER_OTLP_HEADERS'],
    lost: (steps, reason) => logger.warn('trace.lost', { steps, reason }),
  });
}

/** Warms the training process up. Rejects when the engine cannot start; a good one says nothing. */
function engineFailure(trainer: ProcessTrainer, signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    trainer.start(signal).catch((error: unknown) => {
      if (!signal.aborted) reject(error);
    });
  });
}

/** Whoever started this process waits for this line. */
function announceOnce(startedAtMs: number): (welcome: Welcome) => void {
  let isAnnounced = false;
  return ({ node }) => {
    if (isAnnounced) return;
    isAnnounced = true;
    say({ event: 'node.ready', node, pid: process.pid, startedAtMs });
  };
}

/** A line on stdout, for whoever started this process. */
function say(line: Readonly<Record<string, unknown>>): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

/** The first signal drains; a second one means it. */
function onSignals(stop: AbortController, logger: Logger): void {
  const on = (signal: NodeJS.Signals): void => {
    if (stop.signal.aborted) process.exit(130);
    logger.info('node.draining', { signal });
    stop.abort();
  };
  process.on('SIGTERM', on);
  process.on('SIGINT', on);
  // The channel of a supervisor that died; nobody else would end this process.
  process.once('disconnect', () => {
    if (!stop.signal.aborted) on('SIGTERM');
  });
}

/** Masking an upload in JavaScript takes three times as long (kernels-and-transport §1). */
function warnWithoutBufferutil(logger: Logger): void {
  try {
    createRequire(import.meta.url).resolve('bufferutil');
  } catch {
    logger.warn('node.no_bufferutil', { effect: 'updates are sent slower' });
  }
}

function fail(error: unknown): void {
  const text = isTallyError(error)
    ? `${error.code}: ${error.message}\n${error.hint}`
    : error instanceof Error
      ? (error.stack ?? error.message)
      : String(error);
  process.stderr.write(`${text}\n`);
  process.exitCode = exitCodeOf(error);
}

main()
  .catch(fail)
  .finally(() => process.exit());
