import { readFile } from 'node:fs/promises';
import {
  allowInsecureRequests,
  authorizationCodeGrant,
  buildAuthorizationUrl,
  type Configuration,
  calculatePKCECodeChallenge,
  discovery,
  enableNonRepudiationChecks,
  randomNonce,
  randomPKCECodeVerifier,
  randomState,
} from 'openid-client';
import * as z from 'zod';
import { API_PATH } from '../../contract/collector-api.ts';
import type { KubernetesUser } from '../../kubernetes/token-review.ts';
import { cookieOf } from './cookie.ts';

/** Clear text is for a provider on this machine, in tests. */
const LOOPBACK = /^http:\/\/(127\.0\.0\.1|\[::1\]|localhost)(:\d+)?(\/|$)/;
const secureUrl = z.url().refine((url) => url.startsWith('https:') || LOOPBACK.test(url), 'begins with https://');

/**
 * People of an identity provider. Names and groups are what SubjectAccessReview is asked about, so that they must be spelled
 * as the API server spells them for the same provider. https://kubernetes.io/docs/reference/access-authn-authz/authentication/#openid-connect-tokens
 */
export const oidcSchema = z.strictObject({
  /** On the button. */
  name: z.string().min(1).max(50).default('OpenID Connect'),
  issuer: secureUrl,
  clientId: z.string().min(1),
  /** Read for each sign-in. Absent: a public client. */
  clientSecretFile: z.string().min(1).optional(),
  /** Where browsers reach this collector, `https://dbaudit.example`; the provider sends them back there. */
  publicUrl: secureUrl,
  scopes: z.array(z.string().regex(/^\S+$/)).default(['openid', 'profile', 'email', 'groups']),
  usernameClaim: z.string().default('sub'),
  usernamePrefix: z.string().default(''),
  groupsClaim: z.string().default('groups'),
  groupsPrefix: z.string().default(''),
});
export type OidcSettings = z.infer<typeof oidcSchema>;

const OIDC_PATH = `${API_PATH}/sign-in/oidc`;
const OIDC_CALLBACK_PATH = `${OIDC_PATH}/callback`;

/** Ties what comes back to the browser that was sent away; Lax, since it comes back from another site. */
const COOKIE = '__Host-dbaudit-sign-in';
/** Long enough to type a password and a second factor. */
const PENDING_MILLIS = 600_000;
/** Some hundred bytes each; whoever begins so many at once pushes out the oldest. */
const MAX_PENDING = 1_000;
/** The names of the cluster's own parts are not a provider's to give. */
const RESERVED = 'system:';
const AUTHENTICATED = 'system:authenticated';

interface Pending {
  readonly verifier: string;
  readonly nonce: string;
  readonly returnPath: string;
  readonly until: number;
}

/** Signing in was begun elsewhere, too long ago, or the provider said no; for whoever tried it. */
export class SignInFailed extends Error {
  override readonly name = 'SignInFailed';
}

/** Authorization code with PKCE. https://openid.net/specs/openid-connect-core-1_0.html */
export class OidcSignIn {
  readonly #settings: OidcSettings;
  readonly #pending = new Map<string, Pending>();
  #known: { readonly secret: string | undefined; readonly configuration: Configuration } | undefined;

  constructor(settings: OidcSettings) {
    this.#settings = settings;
  }

  get name(): string {
    return this.#settings.name;
  }

  /**
   * Where to send the browser, with which cookie. `returnPath` is where it shall be in the end, on this page.
   * @throws Error where the provider does not answer
   */
  async begin(returnPath: string): Promise<{ readonly location: string; readonly cookie: string }> {
    const configuration = await this.#configuration();
    const [state, verifier, nonce] = [randomState(), randomPKCECodeVerifier(), randomNonce()];
    const url = buildAuthorizationUrl(configuration, {
      redirect_uri: this.#redirectUrl(),
      scope: this.#settings.scopes.join(' '),
      code_challenge: await calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      state,
      nonce,
    });
    const until = Date.now() + PENDING_MILLIS;
    this.#pending.set(state, { verifier, nonce, returnPath: this.#own(returnPath), until });
    const [oldest] = this.#pending.keys();
    if (this.#pending.size > MAX_PENDING && oldest !== undefined) this.#pending.delete(oldest);
    return {
      location: url.href,
      cookie: `${COOKIE}=${state}; Path=/; Max-Age=${PENDING_MILLIS / 1_000}; Secure; HttpOnly; SameSite=Lax`,
    };
  }

  /**
   * Who came back. `query`: of the address that the provider sent the browser to.
   * @throws SignInFailed, Error
   */
  async end(query: string, cookies: string | undefined): Promise<{ user: KubernetesUser; returnPath: string }> {
    const state = new URLSearchParams(query).get('state') ?? '';
    const pending = this.#pending.get(state);
    this.#pending.delete(state);
    if (pending === undefined || pending.until < Date.now() || cookieOf(cookies, COOKIE) !== state)
      throw new SignInFailed('this sign-in was begun in another browser, or more than ten minutes ago');
    const tokens = await authorizationCodeGrant(
      await this.#configuration(),
      new URL(`${this.#redirectUrl()}?${query}`),
      { pkceCodeVerifier: pending.verifier, expectedState: state, expectedNonce: pending.nonce, idTokenExpected: true },
    ).catch((error: unknown) => {
      throw new SignInFailed(`the identity provider refused it (${codeOf(error)})`);
    });
    return { user: this.#userOf(tokens.claims() ?? {}), returnPath: pending.returnPath };
  }

  #userOf(claims: Readonly<Record<string, unknown>>): KubernetesUser {
    const { usernameClaim, usernamePrefix, groupsClaim, groupsPrefix } = this.#settings;
    const claim = claims[usernameClaim];
    if (typeof claim !== 'string' || claim === '')
      throw new SignInFailed(`the provider gave no claim ${usernameClaim}`);
    // An address that nobody confirmed is anybody's; the API server takes it no more than we do.
    if (usernameClaim === 'email' && claims.email_verified === false)
      throw new SignInFailed('the provider has not verified this e-mail address');
    const name = `${usernamePrefix}${claim}`;
    if (name.startsWith(RESERVED)) throw new SignInFailed(`names that begin with ${RESERVED} are the cluster’s own`);
    const given = groupsSchema.safeParse(claims[groupsClaim]).data ?? [];
    const groups = given.map((group) => `${groupsPrefix}${group}`).filter((group) => !group.startsWith(RESERVED));
    return { name, groups: [...groups, AUTHENTICATED], extra: {} };
  }

  async #configuration(): Promise<Configuration> {
    const { issuer, clientId, clientSecretFile } = this.#settings;
    const secret = clientSecretFile === undefined ? undefined : (await readFile(clientSecretFile, 'utf8')).trim();
    if (this.#known !== undefined && this.#known.secret === secret) return this.#known.configuration;
    const execute = [enableNonRepudiationChecks, ...(LOOPBACK.test(issuer) ? [allowInsecureRequests] : [])];
    const configuration = await discovery(new URL(issuer), clientId, secret, undefined, { execute });
    this.#known = { secret, configuration };
    return configuration;
  }

  #redirectUrl(): string {
    return new URL(OIDC_CALLBACK_PATH, this.#settings.publicUrl).href;
  }

  /** Never another site: `//evil.example` is one. */
  #own(path: string): string {
    const url = URL.parse(path, this.#settings.publicUrl);
    const isOwn = url !== null && url.origin === new URL(this.#settings.publicUrl).origin;
    return isOwn ? `${url.pathname}${url.search}${url.hash}` : '/';
  }
}

const groupsSchema = z.union([z.array(z.string()), z.string().transform((group) => [group])]);

function codeOf(error: unknown): string {
  const fields = z.object({ error: z.string().optional(), code: z.string().optional() }).safeParse(error).data;
  return fields?.error ?? fields?.code ?? 'no answer';
}
