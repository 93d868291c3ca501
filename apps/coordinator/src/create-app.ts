import type { IncomingMessage, ServerResponse } from 'node:http';
import type { LoggerService } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { Logger } from '@tallystick/kernel';
import { LIMITS } from '@tallystick/protocol';
import { AppModule } from './app.module.js';
import type { Deployment } from './deployment.js';
import { Door } from './http/door.js';
import { serveOpenApi } from './http/openapi.js';
import { secureHeaders } from './http/secure-headers.js';
import { servePage } from './page/serve-page.js';

/** The whole application over a composed deployment, not listening yet. Rejects when a room cannot start. */
export async function createApp(deployment: Deployment): Promise<NestExpressApplication> {
  const app = await NestFactory.create<NestExpressApplication>(AppModule.of(deployment), {
    logger: nestLogger(deployment.logger),
    abortOnError: false,
    bodyParser: false,
    forceCloseConnections: true,
    ...(deployment.tls === undefined ? {} : { httpsOptions: deployment.tls.options }),
  });
  const door = new Door(deployment);
  app.use((request: IncomingMessage, _response: ServerResponse, next: () => void) => {
    door.admit(request);
    next();
  });
  secureHeaders(app, () => deployment.publicUrl);
  app.useBodyParser('json', { limit: LIMITS.maxRestBodyBytes, strict: true });
  app.disable('x-powered-by');
  app.disable('etag');
  serveOpenApi(app);
  await servePage(app);
  return app;
}

/** Nest's own lines: routes and modules are detail, the rest is worth reading. */
function nestLogger(logger: Logger): LoggerService {
  const line = (level: 'debug' | 'warn' | 'error') => (message: unknown) =>
    logger[level]('nest', { text: String(message).slice(0, 500) });
  return { log: line('debug'), warn: line('warn'), error: line('error'), fatal: line('error') };
}
