import fc from 'fast-check';
import { verifyBlocks } from '@tallystick/chain/embedded';
import { encodeHeader } from '@tallystick/chain/testing';
import { asHash, isTallyError } from '@tallystick/kernel';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { blobPath } from '../bundle/layout.js';
import { keyOf } from '../testing/fixture/test-keys.js';
import { testBundle, type TestBundle } from '../testing/fixture/test-bundle.js';
import { openEvidence, releasedRuntimes } from '../testing/operator/evidence.js';
import { TamperedBundle } from '../testing/operator/tampered-bundle.js';
import { checkPassport } from './check-passport.js';
import { decodePassport, encodePassport, type Passport, passportKeys } from './passport.js';

/** Median wall time of `work` in ms. */
function medianMs(work: () => void): number {
  const times = Array.from({ length: 11 }, () => {
    const start = performance.now();
    work();
    return performance.now() - start;
  });
  return times.toSorted((a, b) => a - b)[5] ?? Infinity;
}

describe('a passport', () => {
  let bundle: TestBundle;
  let passport: Passport;
  let model: Uint8Array;

  beforeAll(async () => {
    bundle = await testBundle();
    const { history, spec, blocks } = await openEvidence(bundle.folder);
    const files = new TamperedBundle(bundle.folder, { history, spec, blocks }, bundle.keys);
    const knownRuntimes = await releasedRuntimes();
    const binary = await files.read('chain/blocks.bin');
    const executed = await verifyBlocks({ spec, blocks: binary, knownRuntimes });
    const head = blocks.at(-1);
    const evidence = history.rounds.at(-1);
    if (!executed.ok || head === undefined || evidence === undefined) throw new Error('no chain');
    const { round, header } = evidence;
    const keys = passportKeys(bundle.run, round);
    const proof = executed.stateAt(executed.head.hash)?.prove(keys) ?? [];
    passport = { run: bundle.run, round, header, block: encodeHeader(head.header), proof };
    model = await files.read(blobPath(header.value.modelAfter));
  }, 60_000);
  afterAll(() => bundle.remove());

  it('leads from a model to a block of its chain', () => {
    const report = checkPassport(model, passport);
    expect(report).toMatchObject({
      verdict: 'CONSISTENT',
      summary: 'CONSISTENT (unanchored: coordinator key, block)',
      model: passport.header.value.modelAfter,
      run: bundle.run,
      round: 3,
      chain: bundle.genesis,
      included: 3,
      finality: 'the word of the one operator of an embedded chain',
      finding: null,
    });
    const { coordinatorKey } = bundle.anchors[0] ?? {};
    expect(coordinatorKey).toBeDefined();
    const anchors = coordinatorKey === undefined ? {} : { coordinatorKey };
    expect(checkPassport(model, passport, anchors).verdict).toBe('VERIFIED');
    const block = report.block?.hash ?? asHash('00'.repeat(32));
    expect(checkPassport(model, passport, { block }).verdict).toBe('VERIFIED');
  });

  it('is one small file, in one form, checked in less than 100 ms', () => {
    const bytes = encodePassport(passport);
    expect(bytes.length).toBeLessThanOrEqual(8 * 1024);
    expect(decodePassport(bytes)).toEqual(passport);
    expect(medianMs(() => checkPassport(model, decodePassport(bytes)))).toBeLessThan(100);
  });

  it('fails for another model, another key, another block, and says which', () => {
    const other = model.with(-1, (model.at(-1) ?? 0) ^ 1);
    expect(checkPassport(other, passport).finding).toMatchObject({ record: 'the model file' });
    const coordinatorKey = keyOf('nobody').key;
    const foreign = checkPassport(model, passport, { coordinatorKey });
    expect(foreign.finding).toMatchObject({ record: 'coordinator key', by: 'chain operator' });
    const block = asHash('ab'.repeat(32));
    expect(checkPassport(model, passport, { block }).finding).toMatchObject({ record: 'block' });
    const { header } = passport;
    const again = { ...header.value, closedAtMs: header.value.closedAtMs + 1n };
    const unsigned = { ...passport, header: { ...header, value: again } };
    expect(checkPassport(model, unsigned).finding).toMatchObject({ record: 'header' });
    const moved = { ...passport, round: 2 };
    expect(checkPassport(model, moved).finding).toMatchObject({ record: 'round' });
  });

  it('proves nothing with a proof of another length', () => {
    for (const proof of [[], passport.proof.slice(1), passport.proof.slice(0, -1)]) {
      expect(checkPassport(model, { ...passport, proof }).verdict).toBe('FAILED');
    }
    const longer = [...passport.proof, new Uint8Array(40)];
    const { finding } = checkPassport(model, { ...passport, proof: longer });
    expect(finding?.found).toBe('the proof holds nodes nobody needs');
  });

  it('E: no byte of it is outside a check, and noise crashes nothing', () => {
    const bytes = encodePassport(passport);
    const flip = fc.tuple(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }));
    fc.assert(
      fc.property(flip, ([at, bits]) => {
        const changed = bytes.with(at, (bytes[at] ?? 0) ^ bits);
        try {
          expect(checkPassport(model, decodePassport(changed)).verdict).toBe('FAILED');
        } catch (error) {
          if (!isTallyError(error, 'MODEL_MALFORMED')) throw error;
        }
      }),
      { numRuns: 300 },
    );
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), (length) => {
        expect(() => decodePassport(bytes.subarray(0, length))).toThrow(/its passport/);
      }),
      { numRuns: 50 },
    );
  });
});
