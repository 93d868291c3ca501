import type { Page } from 'playwright-core';

interface Shape {
  readonly rounds: number;
  readonly sites: number;
}

const HASH = 'ab'.repeat(32);
const START_MS = 1_700_000_000_000;

/** Answers for run 0 as a coordinator would after so many rounds; `stream` sends that many events and waits until they are read. */
export async function answerWithHistory(
  page: Page,
  { rounds, sites }: Shape,
): Promise<{ stream(events: number): Promise<void> }> {
  const curves = JSON.stringify(curvesOf({ rounds, sites }));
  const nodes = JSON.stringify({ nodes: Array.from({ length: sites }, (_, node) => nodeOf(node)) });
  let pending = '';
  const fulfil = (path: RegExp, answer: (url: URL) => string) =>
    page.route(path, (route) =>
      route.fulfill({
        contentType: 'application/json',
        body: answer(new URL(route.request().url())),
      }),
    );
  await fulfil(/\/api\/v1\/nodes$/, () => nodes);
  await fulfil(/\/api\/v1\/runs\/0$/, () => JSON.stringify(runOf(rounds)));
  await fulfil(/\/api\/v1\/runs\/0\/curves/, (url) => {
    const from = Number(url.searchParams.get('from') ?? 0);
    return from === 0 ? curves : JSON.stringify(curvesOf({ rounds, sites }, from));
  });
  await fulfil(/\/api\/v1\/runs\/0\/rounds\?/, (url) => {
    const from = Number(url.searchParams.get('from'));
    const count = Math.min(Number(url.searchParams.get('limit')), rounds - from);
    return JSON.stringify({ rounds: Array.from({ length: count }, (_, i) => roundOf(from + i)) });
  });
  await page.route(/\/api\/v1\/runs\/0\/events/, async (route) => {
    const body = pending === '' ? ': nothing new\n\n' : pending;
    pending = '';
    await route.fulfill({ contentType: 'text/event-stream', body });
  });
  let sent = 0;
  return {
    async stream(events) {
      for (const end = sent + events; sent < end;) {
        const lines = Array.from({ length: 100 }, () => eventOf(++sent));
        pending += lines.join('');
        while (pending !== '') await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
  };
}

function eventOf(id: number): string {
  const event = { id, run: 0, atMs: START_MS + id, type: 'round.closed', round: id, detail: {} };
  return `id: ${id}\ndata: ${JSON.stringify(event)}\n\n`;
}

function curvesOf({ rounds, sites }: Shape, from = 0): object {
  const column = <T>(value: (round: number) => T): T[] =>
    Array.from({ length: rounds - from }, (_, i) => value(from + i));
  const wave = (round: number, site: number): number =>
    Math.round(5e8 + 4e8 * Math.sin(round / 300 + site / 3));
  return {
    run: 0,
    metrics: ['accuracy'],
    metric: 'accuracy',
    round: column((round) => round),
    openedAtMs: column((round) => START_MS + round * 1_000),
    closedAtMs: column((round) => START_MS + round * 1_000 + 700),
    lossBefore: column((round) => Math.round(1e9 / (1 + round / 100))),
    lossAfter: column((round) => Math.round(9e8 / (1 + round / 100))),
    bytes: column(() => 960),
    firstMs: column(() => 400),
    lastMs: column(() => 650),
    commitMs: column(() => 90),
    mean: column((round) => wave(round, 4)),
    low: column((round) => wave(round, 0)),
    high: column((round) => wave(round, 8)),
    sites: Array.from({ length: sites }, (_, node) => ({
      node,
      values: column((round) => wave(round, node)),
    })),
    reporting: sites,
  };
}

function nodeOf(node: number): object {
  const organisation = { organisation: node, name: `hospital-${node}` };
  return {
    node,
    name: `site-${node}`,
    organisation,
    key: HASH,
    keyEpoch: 0,
    status: 'active',
    cap: '1000',
    connected: true,
    lastSeenAtMs: START_MS,
    joinedAtMs: START_MS,
    strikes: 0,
    roundMs: 650,
  };
}

function runOf(rounds: number): object {
  return {
    run: 0,
    name: 'long',
    purpose: 'DUO:0000007',
    status: 'running',
    queue: null,
    reason: null,
    spec: HASH,
    rounds: rounds + 1,
    closedRounds: rounds,
    committedRounds: rounds,
    voidRounds: 0,
    lastRound: rounds === 0 ? null : rounds - 1,
    genesisModel: HASH,
    model: HASH,
    best: null,
    losses: [900_000_000, 700_000_000],
    owner: 'operator',
    pot: '0',
    createdAtMs: START_MS,
    endedAtMs: null,
    current: null,
  };
}

function roundOf(round: number): object {
  return {
    run: 0,
    round,
    status: 'committed',
    header: HASH,
    modelBefore: HASH,
    modelAfter: HASH,
    cohort: 8,
    included: 8,
    excluded: 0,
    sumWeight: '800',
    metrics: {},
    closedAtMs: START_MS + round,
    emptyReason: null,
    commit: { block: round, blockHash: HASH, extrinsic: HASH },
    evaluations: [],
  };
}
