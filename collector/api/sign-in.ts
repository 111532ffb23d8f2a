import express, { type Request, type RequestHandler, type Response, Router } from 'express';
import type { Logger } from 'pino';
import { signInRequestSchema } from '../../contract/collector-api.ts';
import { messageOf } from '../../kubernetes/informer.ts';
import { clientOf } from '../access/client-address.ts';
import type { Identify } from '../access/identify.ts';
import { type OidcSignIn, SignInFailed } from '../access/oidc.ts';
import { fromOwnPage } from '../access/own-page.ts';
import type { AccessLog } from '../access/record.ts';
import type { WebSessions } from '../access/web-session.ts';
import { apiServersWord, Problem } from './problem.ts';

export interface SignInOptions {
  readonly sessions: WebSessions;
  /** Asked about a token as if it were a request's own. */
  readonly identify: Identify;
  readonly oidc?: OidcSignIn;
  readonly cluster?: string;
  readonly access: Pick<AccessLog, 'refuse' | 'read'>;
  readonly log: Logger;
}

const MAX_BODY_BYTES = 32_768;
const readJson = express.json({ limit: MAX_BODY_BYTES });

/** Sessions for browsers, by a token of the cluster or by an identity provider. Open to everybody. */
export function signInRouter(options: SignInOptions): Router {
  const { sessions, oidc, cluster, access } = options;
  const router = Router();
  router.get('/sign-in', (_request, response) => {
    response.json({
      ...(oidc === undefined ? {} : { oidc: oidc.name }),
      ...(cluster === undefined ? {} : { cluster }),
    });
  });
  router.post(
    '/sign-in',
    answered(options, async (request, response) => {
      ownPageOnly(request);
      await new Promise<void>((resolve, reject) => {
        readJson(request, response, (error?: unknown) => (error === undefined ? resolve() : reject(NOT_JSON)));
      });
      const { token } = signInRequestSchema.parse(request.body);
      const caller = await apiServersWord(() => options.identify(withToken(request, token)));
      if (caller === undefined)
        throw new Problem(401, 'DBA5001', 'the API server does not know this token, or it has ended');
      await access.read({ ...signedIn(request, caller.user.name, 'token') });
      response.set('Set-Cookie', sessions.begin(caller.user, caller.expiresAt)).status(204).end();
    }),
  );
  router.delete(
    '/sign-in',
    answered(options, async (request, response) => {
      ownPageOnly(request);
      response.set('Set-Cookie', sessions.end(request.headers.cookie)).status(204).end();
    }),
  );
  if (oidc === undefined) return router;
  router.get(
    '/sign-in/oidc',
    answered(options, async (request, response) => {
      const back = queryOf(request).get('return') ?? '/';
      const { location, cookie } = await oidc.begin(back);
      response.set('Set-Cookie', cookie).redirect(302, location);
    }),
  );
  router.get(
    '/sign-in/oidc/callback',
    answered(options, async (request, response) => {
      const { user, returnPath } = await oidc.end(queryOf(request).toString(), request.headers.cookie);
      await access.read({ ...signedIn(request, user.name, 'oidc') });
      response.set('Set-Cookie', sessions.begin(user, Number.POSITIVE_INFINITY));
      // A redirect would still count as coming from the provider's site, and not carry the cookie; a page's own step does.
      response.type('text/html').send(goOn(returnPath));
    }),
  );
  return router;
}

const NOT_JSON = new Problem(400, 'DBA5010', 'the body is no JSON, or too long');

function ownPageOnly(request: Request): void {
  if (!fromOwnPage(request)) throw new Problem(403, 'DBA5014', 'the request is not from the collector’s own page');
}

/** The request as it would be with the token in its head, and nothing else that says who asks. */
function withToken(request: Request, token: string): Request {
  const headers = { authorization: `Bearer ${token}` };
  return Object.create(request, { headers: { value: headers } });
}

function signedIn(request: Request, name: string, method: string) {
  return {
    who: { type: 'human', name, method } as const,
    from: clientOf(request),
    resource: 'session',
    verb: 'create',
  };
}

function queryOf(request: Request): URLSearchParams {
  return new URLSearchParams(request.originalUrl.split('?').slice(1).join('?'));
}

function goOn(path: string): string {
  const escaped = path.replace(/[&"<>]/g, (character) => `&#${character.charCodeAt(0)};`);
  return `<!doctype html><meta charset="utf-8"><meta http-equiv="refresh" content="0;url=${escaped}"><title>dbaudit</title>`;
}

function answered(
  { access, log }: SignInOptions,
  handle: (request: Request, response: Response) => Promise<void>,
): RequestHandler {
  return async (request, response) => {
    try {
      await handle(request, response);
    } catch (error) {
      const problem = error instanceof SignInFailed ? new Problem(401, 'DBA5015', error.message) : Problem.of(error);
      if (problem.isBug) log.error({ error: messageOf(error) }, 'signing in failed');
      if (problem.status === 401 || problem.status === 403)
        access.refuse({ from: clientOf(request), resource: 'session', verb: 'create', message: problem.message });
      problem.answer(response);
    }
  };
}
