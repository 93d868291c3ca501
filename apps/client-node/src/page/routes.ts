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
  const acts = new SiteActs(site);
  return new Map<string, Route>([
    ['GET /site', () => books.site()],
    ['GET /tasks', async (): Promise<SiteTaskList> => ({ tasks: [...books.tasks()] })],
    ['GET /datasets', () => books.datasets()],
    ['GET /consents', () => books.consents()],
    ['GET /evidence', () => books.evidence()],
    ['GET /earnings', (_request, signal) => books.earnings(signal)],
    ['GET /log', async (): Promise<SiteLog> => ({ lines: [...site.log.lines] })],
    [
      'POST /intake',
      async (request) => {
        await acts.intake((await readBody(request, IntakeRequest)).state);
        return books.site();
      },
    ],
    [
      'POST /consents/grant',
      async (request) => {
        await acts.grant(await readBody(request, GrantRequest));
        return books.consents();
      },
    ],
    [
      'POST /consents/revoke',
      async (request) => {
        await acts.revoke((await readBody(request, RevokeRequest)).run);
        return books.consents();
      },
    ],
    [
      'POST /withdraw',
      async (request) => {
        await readBody(request, Nothing);
        return acts.withdraw();
      },
    ],
  ]);
}
