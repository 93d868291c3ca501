import type { IncomingMessage, ServerResponse } from 'node:http';
import { fileURLToPath } from 'node:url';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { type PageFile, readPageFiles } from './page-files.js';

/** Where `node tools/build.mjs` leaves the page. */
const BUILT = fileURLToPath(new URL('../../../dashboard/dist/', import.meta.url));
/** Paths that are the API's or a machine's; all others may be a place within the page. */
const NOT_PAGE = /^\/(api|health|ready|metrics)(\/|$)/;

/** Nothing from elsewhere, nothing inline, no string that becomes a script. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  // the one policy there is makes the address of the verifier's worker
  'trusted-types verifier',
].join('; ');

/** The verifier's worker also compiles the kernels that its bytes hold; a worker is bound by its own answer's policy. */
const VERIFIER = /^\/assets\/verifier\.worker-[\w-]+\.js$/;
const VERIFIER_POLICY = CONTENT_SECURITY_POLICY.replace(
  "script-src 'self'",
  "script-src 'self' 'wasm-unsafe-eval'",
);

/** Serves the page beside the API: its files by name, and index.html for every place within the page. */
export async function servePage(app: NestExpressApplication, folder = BUILT): Promise<void> {
  const files = await readPageFiles(folder);
  const index = files.get('/index.html');
  if (index === undefined) return;
  app.use((request: IncomingMessage, response: ServerResponse, next: () => void) => {
    const found = fileFor(request, files, index);
    if (found === undefined) next();
    else send(request, response, found);
  });
}

/** Undefined when the request is for somebody else. */
function fileFor(
  { method, url = '/', headers }: IncomingMessage,
  files: ReadonlyMap<string, PageFile>,
  index: PageFile,
): PageFile | undefined {
  if (method !== 'GET' && method !== 'HEAD') return undefined;
  const [path = '/'] = url.split('?', 1);
  const named = files.get(path);
  if (named !== undefined) return named;
  const isPlace = !NOT_PAGE.test(path) && (headers.accept ?? '').includes('text/html');
  return isPlace ? index : undefined;
}

function send(request: IncomingMessage, response: ServerResponse, file: PageFile): void {
  response.setHeader('content-type', file.type);
  response.setHeader('etag', file.etag);
  response.setHeader('vary', 'accept-encoding');
  response.setHeader(
    'cache-control',
    file.isHashed ? 'public, max-age=31536000, immutable' : 'no-cache',
  );
  response.setHeader(
    'content-security-policy',
    VERIFIER.test(request.url ?? '') ? VERIFIER_POLICY : CONTENT_SECURITY_POLICY,
  );
  response.setHeader('x-content-type-options', 'nosniff');
  response.setHeader('referrer-policy', 'no-referrer');
  response.setHeader('cross-origin-opener-policy', 'same-origin');
  if (request.headers['if-none-match'] === file.etag) {
    response.statusCode = 304;
    response.end();
    return;
  }
  const isPacked = (request.headers['accept-encoding'] ?? '').includes('gzip');
  if (isPacked) response.setHeader('content-encoding', 'gzip');
  const body = isPacked ? file.gzip : file.bytes;
  response.setHeader('content-length', body.length);
  response.end(request.method === 'HEAD' ? undefined : body);
}
