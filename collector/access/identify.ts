import type { IncomingMessage } from 'node:http';
import { TLSSocket } from 'node:tls';
import { SINK_TOKEN_AUDIENCE } from '../../contract/labels.ts';
import { bearerOf, type KubernetesUser, type ReviewToken, tokenClaims } from '../../kubernetes/token-review.ts';
import type { WebSessions } from './web-session.ts';

/** Who asks, and how that is known. */
export interface Caller {
  readonly user: KubernetesUser;
  readonly method: 'token' | 'client-certificate' | 'web-session';
  /** Milliseconds since 1970: from then on somebody else may ask. */
  readonly expiresAt: number;
}

export interface IdentifyOptions {
  /** For the API server itself. */
  readonly reviewToken: ReviewToken;
  /** For the audience SINK_TOKEN_AUDIENCE: a token that is of no use but here. */
  readonly reviewOwnToken: ReviewToken;
  readonly sessions: Pick<WebSessions, 'find'>;
}

/** Undefined: nobody whom the API server knows. Rejects where it cannot be asked. */
export type Identify = (request: IncomingMessage) => Promise<Caller | undefined>;

/** The API server gives it to all whom it knows; those of certificates get it here. */
const AUTHENTICATED = 'system:authenticated';

/** A bearer token counts before a cookie, a cookie before a certificate; what counts and is wrong is not made up for. */
export function identifier({ reviewToken, reviewOwnToken, sessions }: IdentifyOptions): Identify {
  return async (request) => {
    if (request.headers.authorization !== undefined) {
      const token = bearerOf(request.headers.authorization);
      if (token === undefined) return undefined;
      const isOurs = tokenClaims(token).audiences.includes(SINK_TOKEN_AUDIENCE);
      const holder = await (isOurs ? reviewOwnToken : reviewToken)(token);
      return holder !== undefined && holder.expiresAt > Date.now() ? { ...holder, method: 'token' } : undefined;
    }
    const session = sessions.find(request.headers.cookie);
    if (session !== undefined) return { ...session, method: 'web-session' };
    return certificateHolder(request);
  };
}

/** As the API server reads certificates: the common name is the user, organizations are groups. */
function certificateHolder({ socket }: IncomingMessage): Caller | undefined {
  if (!isTls(socket) || !socket.authorized) return undefined;
  const { subject, valid_to: validTo } = socket.getPeerCertificate();
  const { CN: names, O: organizations } = subject ?? {};
  const [name] = list(names);
  const expiresAt = Date.parse(validTo);
  // The connection may be older than the certificate's end.
  if (name === undefined || name === '' || !(expiresAt > Date.now())) return undefined;
  const groups = [...list(organizations), AUTHENTICATED];
  return { user: { name, groups, extra: {} }, method: 'client-certificate', expiresAt };
}

function isTls(socket: unknown): socket is TLSSocket {
  return socket instanceof TLSSocket;
}

function list(value: string | readonly string[] | undefined): readonly string[] {
  if (value === undefined) return [];
  return typeof value === 'string' ? [value] : value;
}
