import type { IncomingMessage, ServerResponse } from 'node:http';
import { type PageFile, readPageFiles } from './page-files.js';

/** Paths that are the API's or a machine's; all others may be a place within the page. */
const NOT_PAGE = /^\/(api|health|ready|metrics)(\/|$)/;

/** Answers a request, or hands it on. */
export type PageHandler = (
  request: IncomingMessage,
  response: ServerResponse,
  next: () => void,
) => void;

/** Answers from the files of `folder`, read once, and with the page `start` for every place within it; undefined without it. */
export async function pageHandler(
  folder: string,
  start = 'index.html',
): Promise<PageHandler | undefined> {
  const built = await readPageFiles(folder);
  const index = built.get(`/${start}`);
  if (index === undefined) return undefined;
  const files = new Map([...built].filter(([name]) => !name.endsWith('.html'))); // other pages of the build
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
