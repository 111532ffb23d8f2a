import express, { type Request, type RequestHandler, type Response, Router } from 'express';
import type { Logger } from 'pino';
import type { Authority } from '../access/authorize.ts';
import { clientOf } from '../access/client-address.ts';
import type { Caller, Identify } from '../access/identify.ts';
import { fromOwnPage } from '../access/own-page.ts';
import type { AccessLog, Entry } from '../access/record.ts';
import type { Scope } from '../access/scope.ts';
import { sendAnswer } from './answer.ts';
import { apiServersWord, Problem } from './problem.ts';
import type { Answer, Ask, Need, Recorded, Route } from './route.ts';

/** A rule's text is 100 KB at most, a filter a few hundred. */
const MAX_BODY_BYTES = 1_048_576;

export interface ApiOptions {
  readonly identify: Identify;
  readonly authority: Authority;
  readonly access: Pick<AccessLog, 'read' | 'refuse'>;
  readonly log: Logger;
}

const readJson = express.json({ limit: MAX_BODY_BYTES, strict: false });
const NO_SCOPE: Scope = { namespaces: [], literals: false };

/** Who asks, whether they may, what they asked, the answer, and the record of it: the same for all routes, in this order. */
export function apiRouter(routes: readonly Route[], options: ApiOptions): Router {
  const router = Router();
  for (const route of routes) router[route.method](route.path, handler(route, options));
  return router;
}

function handler(route: Route, options: ApiOptions): RequestHandler {
  return async (request, response) => {
    let caller: Caller | undefined;
    try {
      caller = await identified(request, options);
      const scope = await allowed(caller, route.need, request, options);
      await parsedBody(route, request, response);
      await answer(route, { request, response, caller, scope }, options);
    } catch (error) {
      const problem = Problem.of(error);
      if (problem.isBug) options.log.error({ error, path: route.path }, 'an answer failed');
      if (problem.status === 401 || problem.status === 403) {
        const { method, originalUrl } = request;
        const { resource, verb } = route.recorded ?? { resource: originalUrl.split('?', 1)[0] ?? '', verb: method };
        options.access.refuse({ ...entryOf(request, caller), resource, verb, message: problem.message });
      }
      if (!response.destroyed) problem.answer(response);
    }
  };
}

async function identified(request: Request, { identify }: ApiOptions): Promise<Caller> {
  const caller = await apiServersWord(() => identify(request));
  if (caller === undefined)
    throw new Problem(401, 'DBA5001', 'a token of the cluster, a client certificate of it, or a session is needed');
  if (caller.method === 'web-session' && request.method !== 'GET' && !fromOwnPage(request))
    throw new Problem(403, 'DBA5014', 'the request is not from the collector’s own page');
  return caller;
}

async function allowed(caller: Caller, need: Need, request: Request, options: ApiOptions): Promise<Scope> {
  const { authority } = options;
  const { user } = caller;
  if (need.kind === 'known') return NO_SCOPE;
  const { resource, verb } = need.right;
  const scope =
    need.kind === 'scoped'
      ? await apiServersWord(() => authority.scope(user, need.right, wantedNamespaces(request)))
      : (await apiServersWord(() => authority.may(user, need.right))) && WHOLE_CLUSTER;
  if (scope !== false && scope.namespaces.length > 0) return scope;
  const where = need.kind === 'scoped' ? 'in any namespace that was asked for' : 'in the whole cluster';
  throw new Problem(403, 'DBA5002', `${user.name} may not ${verb} ${resource} of audit.dbaudit.io ${where}`);
}

/** Routes of the whole cluster look at no scope. */
const WHOLE_CLUSTER: Scope = { namespaces: 'all', literals: false };

/** `?namespace=a&namespace=b` narrows what is asked about. */
function wantedNamespaces({ originalUrl }: Request): readonly string[] | undefined {
  const names = new URLSearchParams(originalUrl.split('?', 2)[1]).getAll('namespace');
  return names.length === 0 ? undefined : [...new Set(names)];
}

/** Only of people who may ask at all. */
async function parsedBody(route: Route, request: Request, response: Response): Promise<void> {
  if (route.method !== 'post') return;
  if (request.is('application/json') === false)
    throw new Problem(415, 'DBA5003', 'content-type: application/json is expected');
  await new Promise<void>((resolve, reject) => {
    readJson(request, response, (error?: unknown) => {
      if (error === undefined) resolve();
      else reject(new Problem(400, 'DBA5010', 'the body is no JSON, or longer than a MiB'));
    });
  });
}

interface Asked {
  readonly request: Request;
  readonly response: Response;
  readonly caller: Caller;
  readonly scope: Scope;
}

async function answer(route: Route, { request, response, caller, scope }: Asked, options: ApiOptions): Promise<void> {
  const left = new AbortController();
  response.once('close', () => left.abort());
  const ask: Ask<unknown> = {
    body: request.body,
    parameters: parametersOf(request),
    caller,
    scope,
    signal: left.signal,
    stillAllowed: async () => {
      if (caller.expiresAt <= Date.now()) return undefined;
      return allowed(caller, route.need, request, options).catch(() => undefined);
    },
  };
  const entry = route.recorded && {
    ...entryOf(request, caller),
    ...route.recorded,
    ...askedOf(route.need, scope),
    query: queryOf(route.recorded, request),
  };
  let given: Answer;
  try {
    given = await route.run(ask);
  } catch (error) {
    if (left.signal.aborted) return;
    if (entry !== undefined && ![401, 403].includes(Problem.of(error).status))
      await options.access.read({ ...entry, outcome: 'failure', message: Problem.of(error).message });
    throw error;
  }
  if (entry !== undefined) await options.access.read({ ...entry, ...countOf(given) });
  await sendAnswer(given, response, {
    left: left.signal,
    onStreamed: async (events) => {
      if (entry !== undefined) await options.access.read({ ...entry, events, message: 'it has ended' });
    },
  });
}

function countOf(given: Answer): { readonly events?: number } {
  return given.kind === 'json' && given.events !== undefined ? { events: given.events } : {};
}

function askedOf({ kind }: Need, { namespaces, literals }: Scope): Pick<Entry, 'namespaces' | 'literals'> {
  if (kind !== 'scoped') return {};
  return { literals, ...(namespaces === 'all' ? {} : { namespaces: [...namespaces] }) };
}

function queryOf({ resource }: Recorded, request: Request): string {
  const body: unknown = request.body;
  const path = request.originalUrl.split('?', 1)[0] ?? resource;
  return body === undefined ? path : `${path} ${JSON.stringify(body)}`;
}

function entryOf(request: Request, caller: Caller | undefined): Pick<Entry, 'who' | 'from'> {
  const from = clientOf(request);
  if (caller === undefined) return { from };
  const { user, method } = caller;
  const type = user.name.startsWith('system:serviceaccount:') ? 'workload' : 'human';
  return { from, who: { type, name: user.name, method } };
}

function parametersOf({ params }: Request): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(params).map(([name, value]) => [name, typeof value === 'string' ? value : value.join('/')]),
  );
}
