import { createHash } from 'node:crypto';
import type { Browser } from 'playwright-core';
import { Federation } from '../harness/federation.js';
import { HeartCopy, SMALL } from '../harness/heart.js';
import type { Stage } from '../harness/stage.js';
import { openBrowser } from './browser.js';

/** An account of its own for each organisation. */
export const payoutOf = (name: string): string => createHash('sha256').update(name).digest('hex');

/** A federation of the four heart-disease sites, a browser beside it, and a run.yaml of three short rounds. */
export async function openHeart(
  stage: Stage,
): Promise<{ federation: Federation; browser: Browser; spec: string }> {
  const heart = await HeartCopy.at(stage.path('heart'));
  const federation = await Federation.start(stage);
  for (const { name } of heart.sites) {
    // an organisation is paid on the account that its first invite names
    await federation.post('invites', { organisation: name, payout: payoutOf(name) });
  }
  await federation.populate(heart.sites);
  const spec = await heart.editRun(...SMALL);
  return { federation, browser: await openBrowser(), spec };
}
