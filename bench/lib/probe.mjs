// @ts-check
/**
 * Preloaded into a coordinator (`--import`): tells the bench over the process's own channel what cannot be seen from
 * outside. Asked `{probe: true}`, it answers with the loop lag since it was asked before, in ms.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** The monitor's own timer; what it measures beyond that is lag. */
const RESOLUTION_MS = 5;
const SETTLE_MS = 50;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc');
const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
delay.enable();

process.on('message', (/** @type {{ probe?: boolean }} */ message) => {
  if (message.probe !== true) return;
  const lagMs = (/** @type {number} */ nanos) => Math.max(0, nanos / 1e6 - RESOLUTION_MS);
  const answer = { maxLagMs: lagMs(delay.max), p99LagMs: lagMs(delay.percentile(99)) };
  collect(); // so that two looks at the memory can be compared
  setTimeout(() => {
    delay.reset(); // the collection is no lag of the product's
    process.send?.({ probe: answer });
  }, SETTLE_MS);
});
process.channel?.unref();
