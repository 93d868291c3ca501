import { readFileSync } from 'node:fs';
import { Server as HttpsServer } from 'node:https';
import { createRequire } from 'node:module';
import { exitCodeOf, isTallyError, type Logger, TallyError } from '@tallystick/kernel';
import { createLogger } from '@tallystick/telemetry';
import { compose } from './compose.js';
import { type Config, loadConfig } from './config.js';
import { createApp } from './create-app.js';
import type { Collector } from './open-trace.js';

/** The composition root, and the only file that reads the environment. */
async function main(): Promise<void> {
  const startedAtMs = Date.now();
  const { config, unknown } = loadConfig(process.env, (path) => readFileSync(path, 'utf8'));
  const logger = createLogger({ role: 'coordinator', level: config.log.level });
  for (const name of unknown) logger.debug('config.unknown', { name });
  warnWithoutBufferutil(logger);

  const composed = await compose(config, { logger, collector: collectorOf(process.env) });
  const app = await createApp(composed.deployment).catch(async (error: unknown) => {
    await composed.close();
    throw error;
  });
  const close = async (): Promise<void> => {
    await app.close();
    await composed.close();
  };
  try {
    const url = await listen(app, config);
    await composed.listening(url);
    const { tls } = composed.deployment;
    const server: unknown = app.getHttpServer();
    if (server instanceof HttpsServer) tls?.keep(server);
    onSignals(close, logger);
    announce({
      event: 'coordinator.listening',
      url,
      ...(tls?.pin === undefined ? {} : { pin: tls.pin }),
      pid: process.pid,
      startedAtMs,
      chainUrl: composed.chainUrl,
      genesis: await composed.deployment.ledger.genesis(),
      coordinatorKey: composed.deployment.signer.key,
      apiTokenFile: composed.deployment.apiTokenFile,
    });
    logger.info('coordinator.listening', { url, ms: Date.now() - startedAtMs });
  } catch (error) {
    await close();
    throw error;
  }
}

/** The settings without our prefix: OpenTelemetry's own names, as every collector's manual gives them. */
function collectorOf(env: NodeJS.ProcessEnv): Collector | undefined {
  const endpoint = env['OTEL_EXPORTER_OTLP_ENDPOINT'] ?? '';
  const headers = env['OTEL_EXPORTER_OTLP_HEADERS'];
  if (endpoint === '') return undefined;
  if (/^https?:/.test(endpoint) && URL.canParse(endpoint)) return { endpoint, headers };
  const faults = '  OTEL_EXPORTER_OTLP_ENDPOINT: must start with http:// or https://';
  throw new TallyError('CONFIG_INVALID', { faults });
}

/** Whoever started this process waits for this line. */
function announce(line: Readonly<Record<string, string | number>>): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

async function listen(
  app: Awaited<ReturnType<typeof createApp>>,
  { host, port }: Config,
): Promise<string> {
  try {
    await app.listen(port, host);
    return (await app.getUrl()).replace('[::1]', 'localhost');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') {
      throw new TallyError('CONFIG_PORT_IN_USE', { host, port, option: 'TALLY_PORT' }, error);
    }
    throw error;
  }
}

/** The first signal drains; a second one means it. */
function onSignals(close: () => Promise<void>, logger: Logger): void {
  let isClosing = false;
  const stop = (signal: NodeJS.Signals): void => {
    if (isClosing) process.exit(130);
    isClosing = true;
    logger.info('coordinator.draining', { signal });
    close().then(
      () => process.exit(0),
      (error: unknown) => fail(error),
    );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  // The channel of a supervisor that died; nobody else would end this process.
  process.once('disconnect', () => {
    if (!isClosing) stop('SIGTERM');
  });
}

/** Unmasking in JavaScript takes three times as long (kernels-and-transport §1). */
function warnWithoutBufferutil(logger: Logger): void {
  try {
    createRequire(import.meta.url).resolve('bufferutil');
  } catch {
    logger.warn('coordinator.no_bufferutil', { effect: 'uploads are received slower' });
  }
}

function fail(error: unknown): void {
  const known = isTallyError(error) ? error : undefined;
  const text =
    known === undefined ? describe(error) : `${known.code}: ${known.message}\n${known.hint}`;
  process.stderr.write(`${text}\n`);
  process.exit(exitCodeOf(error));
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

main().catch(fail);
