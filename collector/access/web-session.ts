import { createHash, randomBytes } from 'node:crypto';
import type { KubernetesUser } from '../../kubernetes/token-review.ts';
import { cookieOf } from './cookie.ts';

/** The prefix has browsers take it over TLS alone, from this host alone. https://www.rfc-editor.org/rfc/rfc6265#section-4.1.2 */
const COOKIE = '__Host-dbaudit';
const ID_BYTES = 32;
/** A working day; a token that ends before ends its session too. */
const LONGEST_MILLIS = 8 * 3_600_000;
const IDLE_MILLIS = 3_600_000;
/** Some KiB each; beyond them the one that was used longest ago ends. */
const MAX_SESSIONS = 1_000;

interface WebSession {
  readonly user: KubernetesUser;
  readonly expiresAt: number;
  usedAt: number;
}

/**
 * People who signed in with a browser. What proves them is a random number in a cookie that no script can read; here is kept
 * its hash and who they are, never a token. They end with the process.
 */
export class WebSessions {
  /** By the hash of the cookie's value, in the order of their use. */
  readonly #sessions = new Map<string, WebSession>();

  /** Value of `Set-Cookie`. `expiresAt`: of what was signed in with, milliseconds since 1970. */
  begin(user: KubernetesUser, expiresAt: number): string {
    const id = randomBytes(ID_BYTES).toString('base64url');
    const now = Date.now();
    const session = { user, expiresAt: Math.min(expiresAt, now + LONGEST_MILLIS), usedAt: now };
    this.#sessions.set(hashOf(id), session);
    const [oldest] = this.#sessions.keys();
    if (this.#sessions.size > MAX_SESSIONS && oldest !== undefined) this.#sessions.delete(oldest);
    return cookie(id, Math.max(0, Math.floor((session.expiresAt - now) / 1_000)));
  }

  /** Undefined: there is none, or it has ended. */
  find(cookies: string | undefined): { readonly user: KubernetesUser; readonly expiresAt: number } | undefined {
    const id = idIn(cookies);
    if (id === undefined) return undefined;
    const key = hashOf(id);
    const session = this.#sessions.get(key);
    if (session === undefined) return undefined;
    const now = Date.now();
    this.#sessions.delete(key);
    if (session.expiresAt <= now || session.usedAt + IDLE_MILLIS <= now) return undefined;
    session.usedAt = now;
    this.#sessions.set(key, session);
    return session;
  }

  /** Ends it, where it is one; the value of `Set-Cookie` that removes the cookie. */
  end(cookies: string | undefined): string {
    const id = idIn(cookies);
    if (id !== undefined) this.#sessions.delete(hashOf(id));
    return cookie('', 0);
  }
}

function idIn(cookies: string | undefined): string | undefined {
  return cookieOf(cookies, COOKIE);
}

function hashOf(id: string): string {
  return createHash('sha256').update(id).digest('base64');
}

function cookie(value: string, seconds: number): string {
  return `${COOKIE}=${value}; Path=/; Max-Age=${seconds}; Secure; HttpOnly; SameSite=Strict`;
}
