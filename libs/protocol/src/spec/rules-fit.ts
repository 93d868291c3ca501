import type { z } from 'zod';
import { LIMITS } from '../limits.js';
import type { RunSpec } from './run-spec.js';
import { payoutOf } from './payout-of.js';
import { leastUpdates, toleranceOf } from './strategy-spec.js';

type Fault = (path: string[], message: string) => void;
type Rules = Pick<
  RunSpec,
  | 'strategy'
  | 'robust'
  | 'clip'
  | 'local'
  | 'window'
  | 'numeric'
  | 'cohort'
  | 'maxUncommitted'
  | 'asynchronous'
  | 'earlyStop'
  | 'payout'
  | 'rounds'
>;

/** Rules between how sites train, what they send, how it is aggregated and when a round closes. */
export function checkRules(spec: Rules, context: z.core.$RefinementCtx): void {
  const fault: Fault = (path, message) => context.addIssue({ code: 'custom', path, message });
  checkRobust(spec, fault);
  checkCompared(spec, fault);
  checkLocalStrategy(spec, fault);
  checkAsynchronous(spec, fault);
  checkContribution(spec, fault);
  checkBeacon(spec, fault);
}

function checkRobust({ robust, window, numeric }: Rules, fault: Fault): void {
  if (robust === undefined) return;
  const tolerance = toleranceOf(robust);
  if (tolerance < robust.attackers) {
    fault(['robust', 'tolerance'], `must not be below the ${robust.attackers} declared attackers`);
  }
  const least = leastUpdates(robust.rule, tolerance);
  if (window.count.min < least) {
    const why = `${robust.rule} needs ${least} updates against ${tolerance}`;
    fault(['window', 'count', 'min'], `must be at least ${least}: ${why}`);
  }
  const isCentred = robust.rule === 'centredClipping';
  if (isCentred && robust.radius === undefined) fault(['robust', 'radius'], 'must be given');
  if (!isCentred && robust.radius !== undefined) {
    fault(['robust', 'radius'], 'belongs to centredClipping alone');
  }
  if (numeric.topPpm !== undefined) {
    fault(['numeric', 'topPpm'], 'robust rules compare whole updates; leave it out');
  }
}

/** A fold keeps the products of all pairs of updates, or at least rows of all of them. */
function checkCompared({ robust, window: { count } }: Rules, fault: Fault): void {
  if (robust === undefined || (count.max ?? Infinity) <= LIMITS.maxCompared) return;
  const what = count.max === undefined ? 'be given and ' : '';
  const why = 'a robust rule compares all updates of a round';
  fault(['window', 'count', 'max'], `must ${what}be at most ${LIMITS.maxCompared}: ${why}`);
}

/** The block that decides a cohort is final before its round opens. */
function checkBeacon({ cohort, maxUncommitted }: Rules, fault: Fault): void {
  const { beacon, lag } = cohort;
  if (beacon === 'spec') {
    if (lag !== undefined) fault(['cohort', 'lag'], 'belongs to `beacon: chain` alone');
    return;
  }
  if (lag === undefined) {
    fault(['cohort', 'lag'], 'must be given with `beacon: chain`: 2 or more');
  } else if (maxUncommitted > lag - 1) {
    fault(['maxUncommitted'], `must be at most ${lag - 1} with a lag of ${lag}`);
  }
}

/** SCAFFOLD and FedNova change what a site sends; their mathematics holds for plain, complete, exact updates. */
function checkLocalStrategy(spec: Rules, fault: Fault): void {
  const { strategy, local, numeric, cohort } = spec;
  const name = 'scaffold' in strategy ? 'scaffold' : 'fedNova' in strategy ? 'fedNova' : undefined;
  if (name === undefined) return;
  if (spec.robust !== undefined) fault(['robust'], `cannot be combined with ${name}`);
  if (spec.clip !== undefined) fault(['clip'], `cannot be combined with ${name}`);
  if (spec.asynchronous !== undefined) fault(['asynchronous'], `cannot be combined with ${name}`);
  if (numeric.codec !== 'i32') fault(['numeric', 'codec'], `must be i32 with ${name}`);
  if (numeric.topPpm !== undefined) fault(['numeric', 'topPpm'], `cannot be combined with ${name}`);
  if (local.optimizer.sgd.momentum !== 0) {
    fault(['local', 'optimizer', 'sgd', 'momentum'], `must be 0 with ${name}`);
  }
  if (local.proximalMu !== 0) fault(['local', 'proximalMu'], `must be 0 with ${name}`);
  if (name === 'scaffold' && cohort.fractionPpm !== 1_000_000) {
    fault(['cohort', 'fractionPpm'], 'must be 1000000 with scaffold: every node keeps a control');
  }
}

function checkAsynchronous(spec: Rules, fault: Fault): void {
  const { asynchronous, window, robust, cohort } = spec;
  if (asynchronous === undefined) return;
  if (window.count.max === undefined) {
    fault(
      ['window', 'count', 'max'],
      'must be given in asynchronous rounds: the size of the buffer',
    );
  }
  if (robust !== undefined) fault(['robust'], 'cannot be combined with asynchronous rounds');
  if (spec.earlyStop !== undefined) {
    fault(
      ['earlyStop'],
      'cannot be combined with asynchronous rounds: their losses are of several models',
    );
  }
  if (cohort.fractionPpm !== 1_000_000) {
    fault(
      ['cohort', 'fractionPpm'],
      'must be 1000000 in asynchronous rounds: a node at work stays in every cohort',
    );
  }
}

/** Scores follow the way from one model to the weighted mean of updates of that model, and compare them in pairs. */
function checkContribution(spec: Rules, fault: Fault): void {
  const { payout, robust, asynchronous, window } = spec;
  if (payout?.policy !== 'contribution') return;
  const policy = 'payout.policy contribution';
  if (robust !== undefined) fault(['robust'], `cannot be combined with ${policy}; use clip`);
  if (asynchronous !== undefined) fault(['asynchronous'], `cannot be combined with ${policy}`);
  if ('scaffold' in spec.strategy) fault(['strategy'], `cannot be scaffold with ${policy}`);
  const { max } = window.count;
  if (max !== undefined && max <= LIMITS.maxCompared) {
    const most = Math.floor(LIMITS.maxScoredUpdates / max);
    if (payoutOf(spec).epochRounds <= most) return;
    const why = `an epoch of ${policy} has at most ${LIMITS.maxScoredUpdates} updates`;
    return fault(['payout', 'epochRounds'], `must be given and be at most ${most}: ${why}`);
  }
  const what = max === undefined ? 'be given and ' : '';
  const why = `${policy} compares all updates of a round`;
  fault(['window', 'count', 'max'], `must ${what}be at most ${LIMITS.maxCompared}: ${why}`);
}
