import { createHash } from 'node:crypto';
import { AuthenticationV1Api, type KubeConfig } from '@kubernetes/client-node';
import * as z from 'zod';
import { RememberedAnswers } from './remembered-answers.ts';

/** Who somebody is, in the API server's words. https://kubernetes.io/docs/reference/access-authn-authz/authentication/ */
export interface KubernetesUser {
  readonly name: string;
  readonly uid?: string;
  readonly groups: readonly string[];
  readonly extra: Readonly<Record<string, readonly string[]>>;
}

export interface TokenHolder {
  readonly user: KubernetesUser;
  /** Milliseconds since 1970; infinite where the token does not say. */
  readonly expiresAt: number;
}

/** Undefined: the API server does not know the token, or not for this audience. */
export type ReviewToken = (token: string) => Promise<TokenHolder | undefined>;

export interface TokenReviewOptions {
  readonly kubeConfig: KubeConfig;
  /** Whom the token must be for; absent: the API server itself. */
  readonly audience?: string;
  /** How long an answer is believed, though never beyond the token's own end. */
  readonly believedMillis: number;
  readonly maxRemembered: number;
  readonly maxUnderWay: number;
  readonly maxWaiting: number;
}

/** Wrong tokens are forgotten soon: one that is used before it is valid, or known, becomes right by itself. */
const WRONG_BELIEVED_MILLIS = 10_000;
const MILLIS_PER_SECOND = 1_000;

/** Asks the API server whose a token is; tokens themselves are not kept. Rejects where it cannot be asked. */
export function tokenReviews(options: TokenReviewOptions): ReviewToken {
  const { kubeConfig, audience, believedMillis } = options;
  const api = kubeConfig.makeApiClient(AuthenticationV1Api);
  const answers = new RememberedAnswers<string, TokenHolder | undefined>({
    ...options,
    ask: async (token) => {
      const spec = { token, ...(audience === undefined ? {} : { audiences: [audience] }) };
      const { status } = await api.createTokenReview({ body: { spec } });
      const isOurs = audience === undefined || status?.audiences?.includes(audience) === true;
      const { username, uid, groups, extra } = status?.user ?? {};
      if (status?.authenticated !== true || !isOurs || username === undefined || username === '') {
        return { answer: undefined, until: Date.now() + WRONG_BELIEVED_MILLIS };
      }
      const expiresAt = tokenClaims(token).expiresAt ?? Number.POSITIVE_INFINITY;
      const user = { name: username, ...(uid === undefined ? {} : { uid }), groups: groups ?? [], extra: extra ?? {} };
      return { answer: { user, expiresAt }, until: Math.min(Date.now() + believedMillis, expiresAt) };
    },
  });
  return async (token) => answers.get(createHash('sha256').update(token).digest('base64'), token);
}

const claimsSchema = z.object({
  exp: z.number().optional(),
  aud: z.union([z.string(), z.array(z.string())]).optional(),
});

/** What a JSON web token says of itself, unproven; nothing of a token in another form. */
export function tokenClaims(token: string): { readonly expiresAt?: number; readonly audiences: readonly string[] } {
  const [, payload = ''] = token.split('.');
  const { exp, aud = [] } =
    claimsSchema.safeParse(jsonOf(Buffer.from(payload, 'base64url').toString('utf8'))).data ?? {};
  const audiences = typeof aud === 'string' ? [aud] : aud;
  return { audiences, ...(exp === undefined ? {} : { expiresAt: exp * MILLIS_PER_SECOND }) };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The token of an `Authorization: Bearer` header. */
export function bearerOf(authorization: string | undefined): string | undefined {
  return /^Bearer (\S+)$/i.exec(authorization ?? '')?.[1];
}
