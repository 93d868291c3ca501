import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { isAbsolute, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isTallyError, TallyError } from '@tallystick/kernel';
import { hasErrno, type PageHandler, pageHandler } from '@tallystick/kernel/node';
import { SiteSignIn } from '@tallystick/protocol';
import { isLoopback, PageConfig, removeDoorFile, writeDoorFile } from '@tallystick/site';
import { allowedNames, assertOwnCall, assertOwnPage, bearerOf } from './page-door.js';
import { isSameSecret, PageSessions } from './page-sessions.js';
import { readBody } from './read-body.js';
import { type Route, routesOf } from './routes.js';
import type { SiteParts } from './site-parts.js';

/** Where `node tools/build.mjs` leaves the pages. */
const BUILT = fileURLToPath(new URL('../../../dashboard/dist/', import.meta.url));
const API = '/api/v1';
const MIN_TOKEN_CHARS = 32;
/** One person's browser opens a few. */
const MAX_CONNECTIONS = 64;
const REQUEST_MS = 10_000;

/** Nothing but what this process serves; no inline script or style, and no text becomes script (Trusted Types). */
const HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join(';'),
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
};

/** The page of a site, served by its node to the people beside it. */
export class SitePage {
  readonly #site: SiteParts;
  readonly #server: Server;
  readonly #names: ReadonlySet<string>;
  readonly #sessions: PageSessions;
  readonly #routes: ReadonlyMap<string, Route>;
  readonly #stop = new AbortController();
  /** Links are asked for with it: it lies in the folder of the site (`page.json`). */
  readonly #doorKey: string;
  readonly #listen: string;
  #files: Promise<PageHandler | undefined> | undefined;

  private constructor(site: SiteParts, config: PageConfig, token: string | undefined) {
    const { clock, entropy } = site;
    this.#site = site;
    this.#names = allowedNames(config.listen, config.hosts);
    this.#sessions = new PageSessions({ clock, entropy, ...(token !== undefined && { token }) });
    this.#routes = routesOf(site);
    this.#doorKey = Buffer.from(entropy.bytes(32)).toString('base64url');
    this.#listen = config.listen;
    this.#server = createServer(
      { requestTimeout: REQUEST_MS, headersTimeout: REQUEST_MS, maxHeaderSize: 8_192 },
      (request, response) => void this.#answer(request, response),
    );
    this.#server.maxConnections = MAX_CONNECTIONS;
  }

  /** Listens where node.yaml says. Rejects with CONFIG_PORT_IN_USE, or DATA_FILE_UNREADABLE for a token that is none. */
  static async open(site: SiteParts): Promise<SitePage> {
    const config = site.config.page ?? PageConfig.parse({});
    const page = new SitePage(site, config, await tokenOf(site.folder, config));
    await page.#start(config);
    const { url } = page;
    if (!isLoopback(config)) site.logger.warn('page.exposed', { url });
    await writeDoorFile(site.folder, { url, key: page.#doorKey });
    return page;
  }

  get url(): string {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new RangeError('it does not listen');
    const host = this.#listen.includes(':') ? `[${this.#listen}]` : this.#listen;
    return `http://${host}:${address.port}`;
  }

  /** Its address with a new one-time link, where links open it. */
  link(): string {
    const ticket = this.#sessions.ticket();
    return ticket === undefined ? this.url : `${this.url}/#ticket=${ticket}`;
  }

  /** Ends every connection and what is counted for it. */
  async close(): Promise<void> {
    this.#stop.abort();
    await removeDoorFile(this.#site.folder);
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
    await this.#site.shapes.close();
  }

  async #start({ port, listen }: PageConfig): Promise<void> {
    this.#server.listen(port, listen);
    try {
      await once(this.#server, 'listening');
    } catch (error) {
      if (!hasErrno(error, 'EADDRINUSE')) throw error;
      const meta = { port, host: listen, option: '`page.port` in node.yaml' };
      throw new TallyError('CONFIG_PORT_IN_USE', meta, error);
    }
  }

  /** Never rejects. */
  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
    try {
      assertOwnPage(request, this.#names);
      const [path = '/'] = (request.url ?? '/').split('?', 1);
      if (!path.startsWith(`${API}/`)) return await this.#serve(request, response);
      response.setHeader('cache-control', 'no-store');
      assertOwnCall(request);
      const value = await this.#call(`${request.method} ${path.slice(API.length)}`, request);
      sendJson(response, 200, value);
    } catch (error) {
      this.#refuse(response, error);
    }
  }

  async #call(what: string, request: IncomingMessage): Promise<unknown> {
    const secret = bearerOf(request) ?? '';
    if (what === 'POST /auth/link') {
      return { session: this.#sessions.enter((await readBody(request, SiteSignIn)).ticket) };
    }
    if (what === 'POST /auth/tickets') {
      if (!isSameSecret(secret, this.#doorKey)) throw new TallyError('AUTH_REQUIRED');
      return { link: this.link() };
    }
    if (!this.#sessions.has(secret)) throw new TallyError('AUTH_REQUIRED');
    if (what === 'POST /auth/logout') {
      this.#sessions.end(secret);
      return {};
    }
    const route = this.#routes.get(what);
    if (route === undefined) throw new TallyError('USAGE_NOT_FOUND', { path: what.slice(0, 100) });
    return route(request, this.#stop.signal);
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.#files ??= pageHandler(BUILT, 'site.html');
    const none = (): void => {
      const path = (request.url ?? '').slice(0, 100);
      this.#refuse(response, new TallyError('USAGE_NOT_FOUND', { path }));
    };
    const handle = await this.#files;
    if (handle === undefined) none();
    else handle(request, response, none);
  }

  #refuse(response: ServerResponse, error: unknown): void {
    const known = isTallyError(error)
      ? error
      : new TallyError('INTERNAL', { reason: 'see the log' });
    if (known !== error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#site.logger.error('page.failed', { reason });
    }
    const { code, message, hint } = known;
    sendJson(response, known.spec.status, { error: { code, message, hint } });
  }
}

function sendJson(response: ServerResponse, status: number, value: unknown): void {
  if (response.headersSent || response.destroyed) return;
  response.setHeader('content-type', 'application/json; charset=utf-8');
  response.writeHead(status).end(JSON.stringify(value));
}

/** The token that everybody signs in with, where one is named; it must be long, because it can be guessed at. */
async function tokenOf(folder: string, { tokenFile }: PageConfig): Promise<string | undefined> {
  if (tokenFile === undefined) return undefined;
  const file = isAbsolute(tokenFile) ? tokenFile : join(folder, tokenFile);
  const unreadable = (reason: string, cause?: unknown): TallyError =>
    new TallyError('DATA_FILE_UNREADABLE', { file, reason }, cause);
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw unreadable(error instanceof Error ? error.message : String(error), error);
  });
  const token = text.trim();
  if (token.length < MIN_TOKEN_CHARS) {
    throw unreadable(`the token of the page has at least ${MIN_TOKEN_CHARS} characters`);
  }
  return token;
}
