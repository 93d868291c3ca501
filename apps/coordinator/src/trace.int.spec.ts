import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Metrics } from '@tallystick/telemetry';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { openTrace } from './open-trace.js';
import { TEST_RUN, testHome, type TestHome } from './testing/test-deployment.js';
import { TestNode } from './testing/test-node.js';
import { startTestPostgres, type TestPostgres } from './testing/test-postgres.js';

/** What a collector gets of a span (opentelemetry-proto, JSON mapping). */
const Span = z.object({
  traceId: z.string(),
  spanId: z.string(),
  parentSpanId: z.string().optional(),
  name: z.string(),
  startTimeUnixNano: z.string(),
  endTimeUnixNano: z.string(),
  attributes: z.array(z.object({ key: z.string(), value: z.unknown() })),
});
const Request = z.object({
  resourceSpans: z.array(
    z.object({
      resource: z.object({ attributes: z.array(z.unknown()) }),
      scopeSpans: z.array(z.object({ spans: z.array(Span) })),
    }),
  ),
});
type Span = z.infer<typeof Span>;

/** An OpenTelemetry collector that keeps what it gets. */
class Collector {
  readonly spans: Span[] = [];
  readonly services = new Set<string>();
  /** Path and own header of every request. */
  readonly paths = new Set<string>();
  readonly #server: Server;

  constructor() {
    this.#server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      this.paths.add(`${request.url} ${String(request.headers['x-team'])}`);
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        this.#take(Request.parse(JSON.parse(Buffer.concat(chunks).toString('utf8'))));
        response.setHeader('content-type', 'application/json').end('{}');
      });
    });
  }

  /** Its endpoint. */
  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    const { port } = this.#server.address() as AddressInfo;
    return `http://127.0.0.1:${port}`;
  }

  close(): Promise<void> {
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  #take({ resourceSpans }: z.infer<typeof Request>): void {
    for (const { resource, scopeSpans } of resourceSpans) {
      this.services.add(JSON.stringify(resource.attributes));
      this.spans.push(...scopeSpans.flatMap(({ spans }) => spans));
    }
  }
}

const STEPS = ['accept', 'anchor', 'collect', 'commit', 'fold', 'offer', 'sign', 'upload'];

describe('traces of rounds', () => {
  let postgres: TestPostgres;
  let home: TestHome;
  let collector: Collector;
  beforeAll(async () => {
    postgres = await startTestPostgres();
  });
  afterAll(() => postgres.stop());
  beforeEach(async () => {
    home = await testHome(await postgres.database());
    collector = new Collector();
  });
  afterEach(async () => {
    await collector.close();
    await home.remove();
  });

  /** Three rounds of two nodes. */
  async function play(endpoint: string | undefined): Promise<{ readonly metrics: string }> {
    const { logger } = home;
    const metrics = new Metrics();
    const { trace, close } = openTrace(
      endpoint === undefined ? undefined : { endpoint, headers: 'x-team=a%20b' },
      { metrics, logger },
    );
    const coordinator = await home.start({ trace, metrics });
    for (const name of ['a', 'b']) {
      const node = new TestNode(coordinator.api);
      await node.join(name);
      await node.connect();
    }
    const { run } = await coordinator.api.launch(TEST_RUN);
    await expect
      .poll(async () => (await coordinator.api.run(run)).committedRounds, { timeout: 20_000 })
      .toBe(3);
    await coordinator.stop();
    await close();
    return { metrics: await metrics.text() };
  }

  it('are one for each round, with every step below one root', async () => {
    const { metrics } = await play(await collector.listen());
    const { spans } = collector;
    const traces = new Set(spans.map(({ traceId }) => traceId));
    expect(traces.size).toBe(3);
    for (const trace of traces) {
      const own = spans.filter(({ traceId }) => traceId === trace);
      const roots = own.filter(({ name }) => name === 'round');
      expect(roots).toHaveLength(1);
      const [root] = roots;
      const children = own.filter(({ name }) => name !== 'round');
      expect(new Set(children.map(({ parentSpanId }) => parentSpanId))).toEqual(
        new Set([root?.spanId]),
      );
      expect([...new Set(children.map(({ name }) => name))].toSorted()).toEqual(
        STEPS.map((step) => `round.${step}`),
      );
      expect(children.filter(({ name }) => name === 'round.upload')).toHaveLength(2);
      expect(new Set(own.map(({ spanId }) => spanId)).size).toBe(own.length);
      for (const span of own) {
        expect(BigInt(span.endTimeUnixNano)).toBeGreaterThanOrEqual(BigInt(span.startTimeUnixNano));
      }
    }
    expect([...collector.paths]).toEqual(['/v1/traces a b']);
    expect([...collector.services].join()).toContain('tallystick-coordinator');
    expect(metrics).toMatch(/tally_round_step_seconds_count\{step="round"\} 3/);
  });

  it('are nothing without a collector, but for the seconds of each step', async () => {
    const { metrics } = await play(undefined);
    expect(collector.spans).toEqual([]);
    for (const step of STEPS)
      expect(metrics).toContain(`tally_round_step_seconds_count{step="${step}"}`);
  });

  it('hold nothing up when their collector is away, and it is said that they are lost', async () => {
    const { metrics } = await play('http://127.0.0.1:9');
    expect(metrics).toMatch(/tally_round_step_seconds_count\{step="anchor"\} 3/);
    expect(home.logger.lines.map(({ event }) => event)).toContain('trace.lost');
  });
});
