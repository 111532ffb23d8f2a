import type { KubeConfig } from '@kubernetes/client-node';
import type { RequestHandler } from 'express';
import { accessReviews } from './access-review.ts';
import { RememberedAnswers, TooManyQuestions } from './remembered-answers.ts';
import { bearerOf, type KubernetesUser, tokenReviews } from './token-review.ts';

/** How long an answer of the API server is believed: a scraper asks every few seconds. */
const BELIEVED_MILLIS = 60_000;
const MAX_REMEMBERED = 100;
/** Whoever sends one wrong token after another must not make us a burden for the API server. */
const LIMITS = { maxRemembered: MAX_REMEMBERED, maxUnderWay: 4, maxWaiting: 0 } as const;

type Access = 'granted' | 'unauthenticated' | 'forbidden' | 'busy';

/** Whether the bearer of a token may `get` the path `/metrics`, by the API server's word. */
export type CheckAccess = (token: string | undefined) => Promise<Access>;

/** Rejects where the API server cannot be asked. */
export function metricsAccess(kubeConfig: KubeConfig): CheckAccess {
  const review = tokenReviews({ kubeConfig, believedMillis: BELIEVED_MILLIS, ...LIMITS });
  const mayAccess = accessReviews(kubeConfig);
  const answers = new RememberedAnswers<KubernetesUser, boolean>({
    ...LIMITS,
    ask: async (user) => ({
      answer: await mayAccess(user, { path: '/metrics', verb: 'get' }),
      until: Date.now() + BELIEVED_MILLIS,
    }),
  });
  return async (token) => {
    if (token === undefined) return 'unauthenticated';
    try {
      const holder = await review(token);
      if (holder === undefined) return 'unauthenticated';
      const { user } = holder;
      return (await answers.get(JSON.stringify(user), user)) ? 'granted' : 'forbidden';
    } catch (error) {
      if (error instanceof TooManyQuestions) return 'busy';
      throw error;
    }
  };
}

/** Gives the figures to those whom the API server allows it. */
export function metricsEndpoint(
  checkAccess: CheckAccess,
  metrics: { readonly contentType: string; text(): Promise<string> },
): RequestHandler {
  return async (request, response) => {
    const refuse = (status: number, line: string) => void response.status(status).type('text/plain').send(`${line}\n`);
    switch (await checkAccess(bearerOf(request.get('authorization')))) {
      case 'granted':
        response.type(metrics.contentType).send(await metrics.text());
        return;
      case 'unauthenticated':
        response.set('WWW-Authenticate', 'Bearer');
        refuse(401, 'a bearer token of the cluster is needed');
        return;
      case 'forbidden':
        refuse(403, 'get on the path /metrics is not allowed to you');
        return;
      case 'busy':
        refuse(503, 'too many tokens are being checked');
    }
  };
}
