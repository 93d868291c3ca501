import type { IncomingMessage } from 'node:http';
import {
  GrantRequest,
  IntakeRequest,
  RevokeRequest,
  type SiteLog,
  type SiteTaskList,
} from '@tallystick/protocol';
import { z } from 'zod';
import { readBody } from './read-body.js';
import { SiteActs } from './site-acts.js';
import { SiteBooks } from './site-books.js';
import type { SiteParts } from './site-parts.js';

/** What one request is answered with: JSON. */
export type Route = (request: IncomingMessage, signal: AbortSignal) => Promise<unknown>;

const Nothing = z.strictObject({});

/** Everything that whoever signed in may ask for, by method and path. */
export function routesOf(site: SiteParts): ReadonlyMap<string, Route> {
  const books = new SiteBooks(site);
  return new Map<string, Route>([
    ['GET /site', () => books.site()],
    ['GET /tasks', async (): Promise<SiteTaskList> => ({ tasks: [...books.tasks()] })],
    ['GET /datasets', () => books.datasets()],
    ['GET /consents', () => books.consents()],
    ['GET /evidence', () => books.evidence()],
    ['GET /earnings', (_request, signal) => books.earnings(signal)],
    ['GET /log', async (): Promise<SiteLog> => ({ lines: [...site.log.lines] })],
    ...actsOf(site, books),
  ]);
}

function actsOf(site: SiteParts, books: SiteBooks): readonly (readonly [string, Route])[] {
  const acts = new SiteActs(site);
  const intake: Route = async (request) => {
    await acts.intake((await readBody(request, IntakeRequest)).state);
    return books.site();
  };
  const grant: Route = async (request) => {
    await acts.grant(await readBody(request, GrantRequest));
    return books.consents();
  };
  const revoke: Route = async (request) => {
    await acts.revoke((await readBody(request, RevokeRequest)).run);
    return books.consents();
  };
  const withdraw: Route = async (request) => {
    await readBody(request, Nothing);
    return acts.withdraw();
  };
  return [
    ['POST /intake', intake],
    ['POST /consents/grant', grant],
    ['POST /consents/revoke', revoke],
    ['POST /withdraw', withdraw],
  ];
}
