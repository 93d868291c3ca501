import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import Provider from 'oidc-provider';

/** A real OpenID provider in this process. It signs everybody in as `subject` without asking. */
export interface TestProvider {
  readonly issuer: string;
  /** Who signs in next, and their groups. */
  subject: string;
  groups: readonly string[];
  /** Changes what the token endpoint answers before it is sent. */
  tamper: ((answer: Record<string, unknown>) => Record<string, unknown>) | undefined;
  /** A JWT of these claims under the provider's own key. */
  sign(claims: unknown): string;
  /** Follows the provider's redirects until it sends the browser back. */
  authorize(url: string): Promise<string>;
  stop(): Promise<void>;
}

export const CLIENT = { id: 'tally', secret: 'a secret of the test provider' } as const;

/** @param callback base address of the coordinator, known only after it listens. */
export async function startTestProvider(callback: () => string): Promise<TestProvider> {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  const issuer = `http://127.0.0.1:${port}`;
  const own = {
    subject: 'ada',
    groups: [] as readonly string[],
    tamper: undefined as TestProvider['tamper'],
  };
  server.on('request', (request, response) => void answer(request, response));

  let handler: ReturnType<Provider['callback']> | undefined;
  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    handler ??= providerOf(issuer, `${callback()}/api/v1/auth/oidc/callback`, {
      own,
      privateKey,
    }).callback();
    if (request.url?.startsWith('/token') === true && own.tamper !== undefined) {
      tamperWith(response, own.tamper);
    }
    await handler(request, response);
  }

  return {
    issuer,
    get subject() {
      return own.subject;
    },
    set subject(value) {
      own.subject = value;
    },
    get groups() {
      return own.groups;
    },
    set groups(value) {
      own.groups = value;
    },
    get tamper() {
      return own.tamper;
    },
    set tamper(value) {
      own.tamper = value;
    },
    sign: (claims) => signed(claims, privateKey),
    authorize: (url) => follow(url, issuer),
    stop: () => closeServer(server),
  };
}

function providerOf(
  issuer: string,
  redirect: string,
  {
    own,
    privateKey,
  }: {
    readonly own: { readonly subject: string; readonly groups: readonly string[] };
    readonly privateKey: KeyObject;
  },
): Provider {
  const provider: Provider = new Provider(issuer, {
    clients: [
      {
        client_id: CLIENT.id,
        client_secret: CLIENT.secret,
        redirect_uris: [redirect],
        response_types: ['code'],
        grant_types: ['authorization_code'],
      },
    ],
    jwks: {
      keys: [{ ...privateKey.export({ format: 'jwk' }), kid: 'own', use: 'sig', alg: 'RS256' }],
    },
    ttl: { Interaction: 60, Grant: 60, Session: 60, AccessToken: 60, IdToken: 60 },
    pkce: { required: () => true },
    claims: {
      openid: ['sub', 'groups'],
      profile: ['name', 'preferred_username'],
      email: ['email'],
    },
    conformIdTokenClaims: false,
    features: { devInteractions: { enabled: false } },
    interactions: { url: (_context, { uid }) => `/interaction/${uid}` },
    findAccount: (_context, id) => ({
      accountId: id,
      claims: () => ({ sub: id, preferred_username: id, groups: [...own.groups] }),
    }),
    loadExistingGrant: async (context) => {
      const { client, session } = context.oidc;
      if (client === undefined || session?.accountId === undefined) return undefined;
      const grant = new provider.Grant({ clientId: client.clientId, accountId: session.accountId });
      grant.addOIDCScope('openid profile email');
      await grant.save();
      return grant;
    },
    cookies: { keys: ['test'] },
  });
  provider.use(async (context, next) => {
    if (!context.path.startsWith('/interaction/')) return next();
    await provider.interactionFinished(context.req, context.res, {
      login: { accountId: own.subject },
    });
    context.respond = false;
  });
  return provider;
}

function signed(claims: unknown, key: KeyObject): string {
  const parts = [{ alg: 'RS256', kid: 'own' }, claims];
  const text = parts
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  return `${text}.${sign('sha256', Buffer.from(text), key).toString('base64url')}`;
}

/** The answer goes out in one `end`, so that is where it can be changed. */
function tamperWith(response: ServerResponse, tamper: NonNullable<TestProvider['tamper']>): void {
  const end = response.end.bind(response);
  const changed = (body: unknown): ServerResponse => {
    const text = Buffer.isBuffer(body) ? body.toString() : String(body);
    const bytes = Buffer.from(JSON.stringify(tamper(JSON.parse(text) as Record<string, unknown>)));
    response.setHeader('content-length', bytes.length);
    return end(bytes);
  };
  Object.assign(response, { end: changed });
}

async function follow(url: string, issuer: string): Promise<string> {
  const cookies = new Map<string, string>();
  let at = url;
  for (let step = 0; step < 8 && at.startsWith(issuer); step++) {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const answer = await fetch(at, { redirect: 'manual', headers: { cookie } });
    for (const line of answer.headers.getSetCookie()) {
      const [name = '', value = ''] = (line.split(';')[0] ?? '').split(/=(.*)/s);
      cookies.set(name, value);
    }
    const next = answer.headers.get('location');
    if (next === null) throw new Error(`${answer.status} at ${at}: ${await answer.text()}`);
    at = new URL(next, at).href;
  }
  return at;
}

function closeServer(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((done) => server.close(() => done()));
}
