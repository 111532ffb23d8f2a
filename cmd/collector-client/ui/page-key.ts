import { randomBytes, timingSafeEqual } from 'node:crypto';

const SECRET_BYTES = 32;

/**
 * Who may use the page: the browser that opens the first address, and no other. Its secret works once and becomes a cookie
 * with another one, which scripts cannot read and other sites' pages do not send. Cookies know no ports, so its name has it.
 */
export class PageKey {
  readonly #cookieName: string;
  readonly #cookie = newSecret();
  #first: string | undefined = newSecret();

  constructor(port: number) {
    this.#cookieName = `dbaudit-${port}`;
  }

  /** For the first address; undefined once it was used. */
  get first(): string | undefined {
    return this.#first;
  }

  /** The cookie to set where `secret` is that of the first address, which then works no more. */
  redeem(secret: string): string | undefined {
    if (this.#first === undefined || !isSame(secret, this.#first)) return undefined;
    this.#first = undefined;
    return `${this.#cookieName}=${this.#cookie}; Path=/; HttpOnly; SameSite=Strict`;
  }

  /** Whether a request's cookies have ours. */
  admits(cookies: string | undefined): boolean {
    return (cookies ?? '').split(';').some((pair) => {
      const at = pair.indexOf('=');
      return pair.slice(0, at).trim() === this.#cookieName && isSame(pair.slice(at + 1).trim(), this.#cookie);
    });
  }
}

function newSecret(): string {
  return randomBytes(SECRET_BYTES).toString('base64url');
}

function isSame(given: string, right: string): boolean {
  const [one, other] = [Buffer.from(given), Buffer.from(right)];
  return one.length === other.length && timingSafeEqual(one, other);
}
