import type { IncomingMessage } from 'node:http';

/**
 * Whether a browser says that the collector's own page asks. SameSite=Strict keeps other sites from using a session; this
 * keeps other pages of the same site from it, such as another service of the same domain.
 */
export function fromOwnPage({ headers }: IncomingMessage): boolean {
  if (headers['sec-fetch-site'] !== undefined) return headers['sec-fetch-site'] === 'same-origin';
  return headers.origin !== undefined && URL.parse(headers.origin)?.host === headers.host;
}
