import type { ServerResponse } from 'node:http';
import { Controller, Get, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { Metrics } from '@tallystick/telemetry';
import { Public } from '../auth/access.js';
import { Readiness } from '../readiness.js';

/** For the machines around this one: alive, ready for work, and the numbers that Prometheus scrapes. */
@Controller()
@Public()
@ApiExcludeController()
export class HealthController {
  constructor(
    private readonly readiness: Readiness,
    private readonly metrics: Metrics,
  ) {}

  @Get('health')
  health(): { readonly status: 'ok' } {
    return { status: 'ok' };
  }

  @Get('ready')
  async ready(@Res() response: ServerResponse): Promise<void> {
    const troubles = await this.readiness.troubles();
    const isReady = Object.keys(troubles).length === 0;
    response.statusCode = isReady ? 200 : 503;
    response.setHeader('content-type', 'application/json; charset=utf-8');
    response.end(JSON.stringify({ status: isReady ? 'ready' : 'not ready', troubles }));
  }

  @Get('metrics')
  async scrape(@Res() response: ServerResponse): Promise<void> {
    response.setHeader('content-type', this.metrics.contentType);
    response.end(await this.metrics.text());
  }
}
