import type { IncomingMessage, ServerResponse } from 'node:http';
import type { INestApplication } from '@nestjs/common';
import helmet from 'helmet';

/** Nothing but what this coordinator serves; no inline script or style, and no text becomes script (Trusted Types). */
const CONTENT_SECURITY_POLICY = {
  'default-src': ["'none'"],
  'script-src': ["'self'"],
  'style-src': ["'self'"],
  'img-src': ["'self'", 'data:'],
  'font-src': ["'self'"],
  'connect-src': ["'self'"],
  'base-uri': ["'none'"],
  'form-action': ["'self'"],
  'frame-ancestors': ["'none'"],
  'require-trusted-types-for': ["'script'"],
  // the one policy there is makes the address of the verifier's worker
  'trusted-types': ['verifier'],
} as const;

/** Headers of every answer, pages included. What the API says is kept by no cache, unless a route says otherwise. */
export function secureHeaders(app: INestApplication, publicUrl: () => string): void {
  const shared = {
    contentSecurityPolicy: { useDefaults: false, directives: CONTENT_SECURITY_POLICY },
    crossOriginOpenerPolicy: { policy: 'same-origin' },
    crossOriginResourcePolicy: { policy: 'same-origin' },
    referrerPolicy: { policy: 'no-referrer' },
  } as const;
  const plain = helmet({ ...shared, strictTransportSecurity: false });
  const overTls = helmet(shared);
  app.use((request: IncomingMessage, response: ServerResponse, next: () => void) => {
    if (request.url?.startsWith('/api/') === true) response.setHeader('cache-control', 'no-store');
    (publicUrl().startsWith('https:') ? overTls : plain)(request, response, next);
  });
}
