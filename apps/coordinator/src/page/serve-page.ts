import type { IncomingMessage, ServerResponse } from 'node:http';
import { fileURLToPath } from 'node:url';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { type PageFile, readPageFiles } from './page-files.js';

/** Where `node tools/build.mjs` leaves the page. */
const BUILT = fileURLToPath(new URL('../../../dashboard/dist/', import.meta.url));
/** Paths that are the API's or a machine's; all others may be a place within the page. */
const NOT_PAGE = /^\/(api|health|ready|metrics)(\/|$)/;

type Handler = (request: IncomingMessage, response: ServerResponse, next: () => void) => void;

/** The verifier's worker also compiles the kernels that its bytes hold; a worker is bound by its own answer's policy. */
const VERIFIER = /^\/assets\/verifier\.worker-[\w-]+\.js$/;
const POLICY = 'content-security-policy';

/** Serves the page beside the API: its files by name, and index.html for every place within the page. */
export async function servePage(app: NestExpressApplication): Promise<void> {
  const handle = await pageHandler(BUILT);
  if (handle !== undefined) app.use(handle);
}

/** Answers from the files of `folder`, read once; undefined when there is no page. */
export async function pageHandler(folder: string): Promise<Handler | undefined> {
  const files = await readPageFiles(folder);
  const index = files.get('/index.html');
  if (index === undefined) return undefined;
  return (request, response, next) => {
    const found = fileFor(request, files, index);
    if (found === undefined) next();
    else send(request, response, found);
  };
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
  if (VERIFIER.test(request.url ?? '')) {
    const policy = String(response.getHeader(POLICY) ?? '');
    response.setHeader(
      POLICY,
      policy.replace("script-src 'self'", "script-src 'self' 'wasm-unsafe-eval'"),
    );
  }
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
