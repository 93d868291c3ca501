import type { IncomingMessage } from 'node:http';
import { type Logger, TallyError } from '@tallystick/kernel';
import * as openid from 'openid-client';

/** How long the provider may take for one answer. */
const TIMEOUT_S = 5;
const SCOPE = 'openid profile email';
/** Groups of one person that are looked at. */
const MAX_GROUPS = 500;
const MAX_NAME_CHARS = 64;

/** From `TALLY_OIDC__*`. */
export interface OidcSettings {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** Claim of the ID token, or of userinfo, that lists the groups. */
  readonly groupsClaim: string;
  /** Asked for beside `openid profile email`. */
  readonly scope: string;
}

/** What a browser keeps between start and callback; every part is 256 random bits as base64url. */
export interface Pending {
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
}

/** Whom the provider vouched for. */
export interface Person {
  readonly issuer: string;
  readonly subject: string;
  readonly name: string;
  readonly groups: readonly string[];
}

/**
 * The OpenID Connect provider (Core 1.0 §3.1): authorization code with PKCE, state and nonce; the ID token's signature is
 * checked though it came over the back channel. It is looked up when somebody signs in, and again until it answers: one
 * that is away keeps nothing else from working.
 */
export class OidcProvider {
  readonly #settings: OidcSettings;
  readonly #publicUrl: () => string;
  readonly #logger: Logger;
  #found: Promise<openid.Configuration> | undefined;

  constructor(
    settings: OidcSettings,
    { publicUrl, logger }: { readonly publicUrl: () => string; readonly logger: Logger },
  ) {
    this.#settings = settings;
    this.#publicUrl = publicUrl;
    this.#logger = logger;
  }

  /** Where the browser goes. Throws AUTH_PROVIDER. */
  async start({ state, nonce, verifier }: Pending): Promise<string> {
    const config = await this.#config();
    const { scope } = this.#settings;
    return openid.buildAuthorizationUrl(config, {
      redirect_uri: this.#callback(),
      scope: scope === '' ? SCOPE : `${SCOPE} ${scope}`,
      code_challenge: await openid.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      state,
      nonce,
    }).href;
  }

  /** Throws AUTH_PROVIDER when it cannot be asked, AUTH_SIGN_IN for everything it or we refuse. */
  async finish({ url = '' }: IncomingMessage, pending: Pending): Promise<Person> {
    const config = await this.#config();
    const at = new URL(url, this.#callback());
    try {
      const tokens = await openid.authorizationCodeGrant(config, at, {
        expectedState: pending.state,
        expectedNonce: pending.nonce,
        pkceCodeVerifier: pending.verifier,
        idTokenExpected: true,
      });
      const claims = tokens.claims();
      if (claims === undefined) throw new TallyError('AUTH_SIGN_IN');
      const { groupsClaim } = this.#settings;
      const more =
        Object.hasOwn(claims, groupsClaim) ||
        config.serverMetadata().userinfo_endpoint === undefined
          ? {}
          : await openid.fetchUserInfo(config, tokens.access_token, claims.sub);
      const all: Readonly<Record<string, unknown>> = { ...more, ...claims };
      const groups = stringsOf(all[groupsClaim]);
      return { issuer: claims.iss, subject: claims.sub, name: nameOf(all), groups };
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#logger.warn('oidc.refused', { reason });
      throw new TallyError('AUTH_SIGN_IN', {}, error);
    }
  }

  #callback(): string {
    return `${this.#publicUrl().replace(/\/+$/, '')}/api/v1/auth/oidc/callback`;
  }

  async #config(): Promise<openid.Configuration> {
    this.#found ??= this.#discover();
    try {
      return await this.#found;
    } catch (error) {
      this.#found = undefined;
      const reason = error instanceof Error ? error.message : String(error);
      throw new TallyError('AUTH_PROVIDER', { reason }, error);
    }
  }

  #discover(): Promise<openid.Configuration> {
    const { issuer, clientId, clientSecret } = this.#settings;
    const url = new URL(issuer);
    const isLoopback = ['127.0.0.1', '[::1]', 'localhost'].includes(url.hostname);
    const isPlain = url.protocol === 'http:' && isLoopback;
    return openid.discovery(url, clientId, clientSecret, undefined, {
      timeout: TIMEOUT_S,
      execute: [
        openid.enableNonRepudiationChecks,
        // oxlint-disable-next-line typescript/no-deprecated -- a provider on this machine has no TLS
        ...(isPlain ? [openid.allowInsecureRequests] : []),
      ],
    });
  }
}

function stringsOf(value: unknown): readonly string[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  return list.filter((entry) => typeof entry === 'string').slice(0, MAX_GROUPS);
}

/** A name for people; lists show it beside where it comes from. */
function nameOf(claims: Readonly<Record<string, unknown>>): string {
  const names = ['preferred_username', 'email', 'name', 'sub'].map((key) => claims[key]);
  const name = names.find((value) => typeof value === 'string' && value !== '');
  return String(name)
    .replace(/[^\p{L}\p{N} ._@+-]/gu, '')
    .slice(0, MAX_NAME_CHARS);
}
