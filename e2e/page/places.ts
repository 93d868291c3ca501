import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ROOT } from '../harness/stage.js';

/** A page as the dashboard registers it. */
export interface RegisteredPage {
  readonly path: string;
  readonly title: string;
  readonly permission: string;
}

/** An address, and a text that tells that the page has what it shows. */
export interface Place {
  readonly at: string;
  readonly text: string;
}

/** Every page of `src/pages/index.ts`. Throws when an entry cannot be read, so that none escapes a loop over them. */
export async function registeredPages(): Promise<readonly RegisteredPage[]> {
  const source = await readFile(join(ROOT, 'apps/dashboard/src/pages/index.ts'), 'utf8');
  const [, list = ''] = source.split('export const PAGES');
  const entries = [
    ...list.matchAll(
      /path: '([^']+)',\s+title: '([^']+)',\s+(?:nav: true,\s+)?permission: '([^']+)',\s+load:/g,
    ),
  ];
  const loads = list.match(/\bload:/g)?.length ?? 0;
  if (entries.length === 0 || entries.length !== loads) {
    throw new Error(`${entries.length} of ${loads} pages can be read in src/pages/index.ts`);
  }
  return entries.map(([, path = '', title = '', permission = '']) => ({ path, title, permission }));
}

/** Where each page is looked at, in a federation of the heart-disease sites that has played runs 0 and 1. */
const PLACES: Readonly<Record<string, readonly Place[]>> = {
  '/': [{ at: '/', text: 'heart-disease' }],
  '/runs/:run': [
    { at: '/runs/0', text: 'Loss on the sites’ train rows' },
    { at: '/runs/0?as=table', text: 'lossBefore' },
    { at: '/runs/0?show=rounds', text: 'committed' },
    { at: '/runs/0?show=nodes', text: 'cleveland' },
    { at: '/runs/0?show=spec', text: 'fedAdagrad' },
    { at: '/runs/0?show=evidence', text: 'tally audit verify 0' },
  ],
  '/runs/:run/rounds/:round': [{ at: '/runs/0/rounds/1', text: 'contributions' }],
  '/nodes': [{ at: '/nodes', text: 'hungarian' }],
  '/compare': [
    { at: '/compare?runs=0,1', text: 'result: rounds closed' },
    { at: '/compare', text: 'Tick two or more runs' },
  ],
  '/new': [{ at: '/new?from=0', text: 'no decline known' }],
  '/runs/:run/audit': [{ at: '/runs/0/audit', text: 'rounds recomputed from chain' }],
  '/ledger': [{ at: '/ledger', text: 'items proved by this browser' }],
  '/rewards': [{ at: '/rewards?run=0', text: 'Held by the chain' }],
  '/people': [{ at: '/people', text: 'Groups of the identity provider' }],
  '/account': [{ at: '/account', text: 'Tokens of your programs' }],
};

const NOWHERE: Place = { at: '/nowhere', text: 'Nothing here' };

/** Every place of these pages. Throws for a page that has none: whoever adds a page says here where it is looked at. */
export function placesOf(pages: readonly RegisteredPage[]): readonly Place[] {
  return pages.flatMap(({ path }) => {
    const places = PLACES[path];
    if (places === undefined) throw new Error(`${path} is looked at nowhere: add it to places.ts`);
    return places;
  });
}

export async function everyPlace(): Promise<readonly Place[]> {
  return [...placesOf(await registeredPages()), NOWHERE];
}
