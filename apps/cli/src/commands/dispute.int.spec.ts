import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SubstrateRoundLedger } from '@tallystick/chain';
import {
  buildGenesis,
  EmbeddedChain,
  serveRpc,
  ss58Address,
  UNIT,
} from '@tallystick/chain/embedded';
import { plainRun } from '@tallystick/chain/testing';
import { asAccountId, type Hash, type RunId, utf8, ZERO_HASH } from '@tallystick/kernel';
import {
  loadOrCreateKey,
  type NodeSigner,
  sha256,
  signerFromSeed,
  systemClock,
} from '@tallystick/kernel/node';
import { MemoryLogger } from '@tallystick/kernel/testing';
import {
  canonicalJson,
  CONTRIB,
  type Header,
  HEADER,
  POP,
  PROMISE,
  RECEIPT,
  receiptHash,
  signRecord,
  sumLeaf,
  sumTree,
} from '@tallystick/record';
import { genesisHash } from '@tallystick/rounds';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { GlobalOptions } from '../command-context.js';
import { ConsoleInput } from '../console-input.js';
import { ConsoleOutput } from '../console-output.js';
import { buildProgram } from '../program.js';

const WASM = new URL('../../../../chain/wasm/tally_runtime.wasm', import.meta.url);
const WINDOW_MS = 2_000;
const key = (byte: number): NodeSigner => signerFromSeed(new Uint8Array(32).fill(byte));
const [REGISTRAR, TREASURY, ACCOUNT, AUTHORITY, COORDINATOR, NODE] = [
  key(11),
  key(12),
  key(13),
  key(14),
  key(15),
  key(16),
];

/** A run on the embedded chain whose coordinator promises node 0 an update and leaves it out. */
describe('tally dispute', () => {
  const undo: (() => Promise<void>)[] = [];
  let folder = '';
  let url = '';
  let keyPath = '';
  let ledger: SubstrateRoundLedger;
  let chain: Hash;
  let challenger: NodeSigner;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tally-dispute-'));
    undo.push(() => rm(folder, { recursive: true, force: true }));
    keyPath = join(folder, 'challenger.key');
    challenger = await loadOrCreateKey(keyPath);
    const spec = await genesisOf([REGISTRAR, TREASURY, ACCOUNT, challenger]);
    const host = await EmbeddedChain.open({
      folder,
      spec,
      authority: AUTHORITY,
      sealing: 'instant',
      clock: systemClock,
    });
    undo.push(() => host.close());
    const server = await serveRpc(host, { host: '127.0.0.1', port: 0 });
    undo.push(() => server.close());
    ({ url } = server);
    const accounts = { registrar: REGISTRAR, treasury: TREASURY, coordinator: ACCOUNT };
    ledger = await SubstrateRoundLedger.connect({ url, accounts, clock: systemClock });
    undo.push(() => ledger.close());
    chain = await ledger.genesis();
  }, 60_000);
  afterAll(async () => {
    for (const step of undo.toReversed()) await step();
  });

  /** A run with one committed round, which counts somebody else's update. */
  async function committed(): Promise<{ readonly run: RunId; readonly header: Header }> {
    const [spec, model] = [sha256(utf8('spec')), sha256(utf8('model'))];
    const windows = {
      challengeMs: BigInt(WINDOW_MS),
      settleMs: 0n,
      haltMs: 86_400_000n,
      maxTaskAgeBlocks: 1_024,
    };
    const run = await ledger.createRun(plainRun({ spec, model }, { windows }));
    const pop = { chain, owner: ledger.coordinatorAccount(), key: COORDINATOR.key };
    await ledger.acceptRun(run, COORDINATOR.key, signRecord(POP, pop, COORDINATOR).signature);
    const header: Header = {
      chain,
      mode: 0,
      run,
      round: 0,
      prev: genesisHash(sha256, { chain, run, spec, model }),
      task: sha256(utf8('task')),
      atBlock: (await ledger.finalized()).number,
      modelBefore: model,
      modelAfter: sha256(utf8('model 1')),
      stateAfter: ZERO_HASH,
      contribRoot: sumTree(sha256, [{ hash: sumLeaf(sha256, CONTRIB, OTHER), sum: 7n }]).root,
      included: 1,
      sumWeight: 7n,
      excludedRoot: sha256(utf8('excluded')),
      excluded: 1,
      cohort: 2,
      metrics: sha256(utf8('{}')),
      deadlineMs: 2_000n,
      closedAtMs: 1_000n,
    };
    const { signature } = signRecord(HEADER, header, COORDINATOR);
    const commit = await ledger.prepareCommit([{ header, signature }]);
    await ledger.submitCommit(commit);
    await expect
      .poll(async () => (await ledger.commitOutcome(commit)).kind, { timeout: 20_000 })
      .toBe('final');
    return { run, header };
  }

  async function evidence(
    of: Record<string, unknown> & { readonly kind: string },
  ): Promise<string> {
    const file = {
      format: 'tally/evidence/v1',
      code: 'ROUND_PROMISE_BROKEN',
      detail: 'the leaves of contribRoot do not hold the promised receipt',
      chain,
      round: 0,
      node: 0,
      key: NODE.key,
      coordinatorKey: COORDINATOR.key,
      leaves: [],
      unchecked: [],
      ...of,
    };
    const path = join(folder, `${of.kind}.json`);
    await writeFile(path, `${canonicalJson(file)}\n`);
    return path;
  }

  /** The promise of a receipt that the round does not count. */
  function promised({ run, prev, task }: Header): { receipt: string; promise: string } {
    const receipt = {
      chain,
      run,
      round: 0,
      prev,
      task,
      node: OTHER.node,
      keyEpoch: 0,
      update: sha256(utf8('left out')),
      updateBytes: 1n,
      numExamples: 7n,
      lossBefore: 0n,
      lossAfter: 0n,
      policy: ZERO_HASH,
      salt: '00'.repeat(16),
    };
    const signed = signRecord(RECEIPT, receipt, NODE);
    const hash = receiptHash(sha256, receipt, signed.signature);
    const promise = { chain, run, round: 0, node: OTHER.node, receipt: hash, dueMs: 9n };
    return { receipt: signed.wire, promise: signRecord(PROMISE, promise, COORDINATOR).wire };
  }

  /** Runs the command line in this process: its exit code, words and result. */
  async function dispute(path: string, ...more: readonly string[]) {
    let [out, words] = ['', ''];
    let code: number | undefined;
    const program = buildProgram(({ json }: GlobalOptions) => ({
      output: new ConsoleOutput({
        json,
        isTty: false,
        out: (text) => (out += text),
        err: (text) => (words += text),
      }),
      logger: new MemoryLogger(),
      signal: new AbortController().signal,
      token: undefined,
      url: undefined,
      pin: undefined,
      proxy: () => undefined,
      outside: {},
      configFolder: '/nonexistent/config',
      input: new ConsoleInput({ stream: process.stdin, prompt: process.stderr, isTty: false }),
      setExitCode: (value) => (code = value),
    }));
    const options = ['--key', keyPath, '--chain-url', url, '--json', ...more];
    await program.parseAsync(['node', 'tally', 'dispute', path, ...options]);
    const result: unknown = JSON.parse(out.trimEnd().split('\n').at(-1) ?? '');
    return { code, words, result };
  }

  it('demands what became of a promise; unanswered in its window, the round is voided', async () => {
    const { run, header } = await committed();
    const path = await evidence({ kind: 'omitted', run, records: promised(header) });
    const first = await dispute(path);
    expect(first).toMatchObject({ code: 0, result: { state: 'demanded', demand: 0 } });
    expect(first.words).toContain('promised to count an update');
    expect(first.words).toContain(COORDINATOR.key);
    expect(await dispute(path)).toMatchObject({ code: 0, result: { state: 'waiting' } });
    expect(await ledger.round(run, 0)).toMatchObject({ status: 'committed' });
    await expect
      .poll(async () => (await dispute(path)).result, { timeout: 20_000, interval: 500 })
      .toMatchObject({ state: 'upheld' });
    expect(await ledger.round(run, 0)).toMatchObject({ status: 'void' });
  }, 60_000);

  it('has two signed headers decided at once, and a dry run change nothing', async () => {
    const { run, header } = await committed();
    const wire = signRecord(HEADER, header, COORDINATOR).wire;
    const other = { ...header, modelAfter: sha256(utf8('another')) };
    const records = { header: wire, otherHeader: signRecord(HEADER, other, COORDINATOR).wire };
    const path = await evidence({ kind: 'equivocation', run, records });
    const dry = await dispute(path, '--dry-run');
    expect(dry).toMatchObject({ code: 0, result: { call: 'tally.dispute', isProved: true } });
    expect(JSON.stringify(dry.result)).toContain(wire);
    expect(await ledger.round(run, 0)).toMatchObject({ status: 'committed' });
    expect(await dispute(path)).toMatchObject({ code: 0, result: { state: 'upheld' } });
    expect(await ledger.round(run, 0)).toMatchObject({ status: 'void' });
  }, 60_000);

  it('is refused, and says so, when the header is the one on the chain', async () => {
    const { run, header } = await committed();
    const records = { header: signRecord(HEADER, header, COORDINATOR).wire };
    const path = await evidence({ kind: 'anchor', run, records });
    expect(await dispute(path)).toMatchObject({
      code: 69,
      result: { error: { code: 'LEDGER_REFUSED' } },
    });
    expect(await ledger.round(run, 0)).toMatchObject({ status: 'committed' });
  }, 60_000);

  it('files nothing that the coordinator did not sign, that was changed, or that the chain cannot decide', async () => {
    const { run, header } = await committed();
    const { receipt, promise } = promised(header);
    const forged = signRecord(HEADER, header, NODE).wire;
    const path = await evidence({ kind: 'anchor', run, records: { header: forged } });
    const unsigned = await dispute(path);
    expect(unsigned).toMatchObject({
      code: 66,
      result: { error: { code: 'DATA_EVIDENCE_INVALID' } },
    });
    const good = await evidence({ kind: 'omitted', run, records: { receipt, promise } });
    await writeFile(good, (await readFile(good, 'utf8')).replace('"node":0', '"node": 0'));
    expect((await dispute(good)).code).toBe(66);
    const withheld = await evidence({ kind: 'withheld', run, records: { receipt } });
    const undecided = await dispute(withheld);
    expect(undecided.code).toBe(64);
    expect(undecided.words).toContain('The chain cannot decide this');
  }, 60_000);
});

const OTHER = {
  node: 0,
  keyEpoch: 0,
  receipt: sha256(utf8('another receipt')),
  update: sha256(utf8('another update')),
  numExamples: 7n,
  weight: 7n,
} as Parameters<typeof CONTRIB.encode>[0]; // node 0 is a node id

async function genesisOf(rich: readonly NodeSigner[]): ReturnType<typeof buildGenesis> {
  const address = (signer: NodeSigner): string => ss58Address(asAccountId(signer.key));
  const authority = address(AUTHORITY);
  return buildGenesis({
    wasm: new Uint8Array(await readFile(WASM)),
    preset: 'deployment',
    name: 'test',
    id: 'test',
    patch: {
      aura: { authorities: [authority] },
      grandpa: { authorities: [[authority, 1n]] },
      balances: { balances: rich.map((signer) => [address(signer), 1_000n * UNIT]) },
      tally: { registrar: address(REGISTRAR), embedded: true, instance: `0x${'2b'.repeat(32)}` },
    },
  });
}
