import type { IncomingMessage } from 'node:http';
import { type Entropy, TallyError } from '@tallystick/kernel';
import type { GroupEntity, UserEntity } from '../persistence/entities/index.js';
import type { UserRows } from '../persistence/user-rows.js';
import { cookieName, cookieOf, cookieText } from './cookies.js';
import type { OidcProvider, Pending, Person } from './oidc-provider.js';
import { ROLES } from './permissions.js';
import { newId, newSecret } from './secrets.js';
import type { Exchange } from './sign-in.js';

/** Time to sign in at the provider. */
const PENDING_S = 600;
/** 32 bytes as base64url. */
const PART = /^[\w-]{43}$/;

/**
 * The two ends of a sign-in at the provider. State, nonce and verifier wait in a cookie of the browser that began: the
 * coordinator keeps nothing, and an answer brought by another browser does not fit.
 */
export class OidcSignIn {
  readonly #provider: OidcProvider;
  readonly #users: UserRows;
  readonly #isSecure: () => boolean;
  readonly #entropy: Entropy;

  constructor(deps: {
    readonly provider: OidcProvider;
    readonly users: UserRows;
    readonly isSecure: () => boolean;
    readonly entropy: Entropy;
  }) {
    this.#provider = deps.provider;
    this.#users = deps.users;
    this.#isSecure = deps.isSecure;
    this.#entropy = deps.entropy;
  }

  /** Where the browser goes. */
  async start({ response }: Exchange): Promise<string> {
    const [state, nonce, verifier] = [0, 1, 2].map(() => newSecret(this.#entropy));
    if (state === undefined || nonce === undefined || verifier === undefined) {
      throw new TallyError('INTERNAL', { reason: 'no secrets' });
    }
    const url = await this.#provider.start({ state, nonce, verifier });
    this.#keep(response, [state, nonce, verifier].join('.'), PENDING_S);
    return url;
  }

  /** The user whom the answer is about, with the role of their groups. Throws AUTH_SIGN_IN, AUTH_NO_ROLE, AUTH_PROVIDER. */
  async finish({ request, response }: Exchange): Promise<UserEntity> {
    const pending = this.#pending(request);
    this.#keep(response, '', 0);
    if (pending === undefined) throw new TallyError('AUTH_SIGN_IN');
    const person = await this.#provider.finish(request, pending);
    const group = groupOf(person, await this.#users.groups());
    if (group === undefined) throw new TallyError('AUTH_NO_ROLE');
    const { issuer, subject, name } = person;
    const { role, organisation } = group;
    const who = { issuer, subject, name, role, organisation, password: null };
    return this.#users.fromProvider({ id: newId(this.#entropy), source: 'oidc', ...who });
  }

  #pending(request: IncomingMessage): Pending | undefined {
    const text = cookieOf(request, this.#cookie()) ?? '';
    const [state, nonce, verifier, ...rest] = text.split('.');
    if (state === undefined || nonce === undefined || verifier === undefined) return undefined;
    const isWhole = [state, nonce, verifier].every((part) => PART.test(part));
    return isWhole && rest.length === 0 ? { state, nonce, verifier } : undefined;
  }

  #keep(response: Exchange['response'], value: string, maxAgeS: number): void {
    const options = { isSecure: this.#isSecure(), maxAgeS };
    response.appendHeader('set-cookie', cookieText(this.#cookie(), value, options));
  }

  #cookie(): string {
    return cookieName('tally-oidc', this.#isSecure());
  }
}

/** Of several groups with a role, the one that may do most. */
function groupOf({ groups }: Person, known: readonly GroupEntity[]): GroupEntity | undefined {
  return known
    .filter(({ name }) => groups.includes(name))
    .toSorted((a, b) => ROLES.indexOf(a.role) - ROLES.indexOf(b.role))[0];
}
