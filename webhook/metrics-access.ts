import { createHash } from 'node:crypto';
import { AuthenticationV1Api, AuthorizationV1Api, type KubeConfig } from '@kubernetes/client-node';

/** How long an answer of the API server is believed: a scraper asks every few seconds. */
const BELIEVED_MILLIS = 60_000;
const MAX_REMEMBERED = 100;
/** Whoever sends one wrong token after another must not make us a burden for the API server. */
const MAX_UNDER_WAY = 4;

type Access = 'granted' | 'unauthenticated' | 'forbidden' | 'busy';

/** Whether the bearer of a token may `get` the path `/metrics`, by the API server's word. */
export type CheckAccess = (token: string | undefined) => Promise<Access>;

export function metricsAccess(kubeConfig: KubeConfig): CheckAccess {
  const authentication = kubeConfig.makeApiClient(AuthenticationV1Api);
  const authorization = kubeConfig.makeApiClient(AuthorizationV1Api);
  /** By the token's hash, oldest first. */
  const remembered = new Map<string, { readonly access: Access; readonly until: number }>();
  let underWay = 0;

  const ask = async (token: string): Promise<Access> => {
    const review = await authentication.createTokenReview({ body: { spec: { token } } });
    const { authenticated, user } = review.status ?? {};
    if (authenticated !== true || user === undefined) return 'unauthenticated';
    const { username, uid, groups, extra } = user;
    const allowed = await authorization.createSubjectAccessReview({
      body: {
        spec: {
          nonResourceAttributes: { path: '/metrics', verb: 'get' },
          ...(username === undefined ? {} : { user: username }),
          ...(uid === undefined ? {} : { uid }),
          ...(groups === undefined ? {} : { groups }),
          ...(extra === undefined ? {} : { extra }),
        },
      },
    });
    return allowed.status?.allowed === true ? 'granted' : 'forbidden';
  };

  return async (token) => {
    if (token === undefined) return 'unauthenticated';
    const key = createHash('sha256').update(token).digest('base64');
    const known = remembered.get(key);
    if (known !== undefined && known.until > Date.now()) return known.access;
    if (underWay >= MAX_UNDER_WAY) return 'busy';
    underWay += 1;
    try {
      const access = await ask(token);
      remembered.delete(key);
      remembered.set(key, { access, until: Date.now() + BELIEVED_MILLIS });
      const [oldest] = remembered.keys();
      if (remembered.size > MAX_REMEMBERED && oldest !== undefined) remembered.delete(oldest);
      return access;
    } finally {
      underWay -= 1;
    }
  };
}
