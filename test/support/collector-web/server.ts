import { EventEmitter, once } from 'node:events';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { securityHeaders, webPage } from '../../../collector/api/web-page.ts';
import type { AuditEvent } from '../../../contract/audit-event.ts';
import {
  API_PATH,
  alertsRequestSchema,
  histogramRequestSchema,
  searchRequestSchema,
  topRequestSchema,
  totalsRequestSchema,
  type Whoami,
} from '../../../contract/collector-api.ts';
import { Answers } from './answers.ts';
import { deskRoutes } from './desk.ts';
import { QUERY_ANSWER } from './examples.ts';

export const TOKEN = 'a-token-of-the-cluster';

const ALL_RIGHTS = [
  'auditevents/get',
  'auditevents/read-literals',
  'auditevents/query',
  'auditevents/export',
  'alerts/get',
  'alerts/update',
  'silences/get',
  'silences/update',
  'rules/get',
  'rules/update',
  'reports/get',
  'reports/create',
  'integrity/get',
];

export interface PageServer {
  readonly url: string;
  /** Answers these paths of the API with a problem until it is undefined again. */
  fail: { readonly path: string; readonly status: number; readonly body: unknown } | undefined;
  /** Of whoever signs in next, or has signed in. */
  who: Whoami;
  /** As `kubectl dbaudit ui` does, which adds the user's credentials: nobody has to sign in. */
  signedIn: boolean;
  /** Settles once somebody follows the live tail. */
  followed(): Promise<void>;
  /** Sent to those who follow. */
  tail(lines: readonly unknown[]): void;
  /** Requests to the API, method and path, and what was sent. */
  readonly asked: { readonly what: string; readonly body: unknown }[];
  close(): Promise<void>;
}

/** The page of `directory` with an API over `events`, each of them `copies` times, in memory; its answers are those of contract/collector-api.ts. */
export async function servePage(
  directory: string,
  events: readonly AuditEvent[],
  now: number,
  copies = 1,
): Promise<PageServer> {
  const answers = new Answers(events, copies);
  const followers = new Set<express.Response>();
  const arrivals = new EventEmitter();
  const app = express();
  const server: PageServer = {
    url: '',
    fail: undefined,
    who: {
      name: 'alice@example.com',
      groups: ['auditors', 'system:authenticated'],
      namespaces: 'all',
      literals: true,
      rights: ALL_RIGHTS,
      cluster: 'production',
      version: '0.1.0',
    },
    signedIn: true,
    asked: [],
    async followed() {
      if (followers.size === 0) await once(arrivals, 'follower');
    },
    tail(lines) {
      for (const follower of followers) follower.write(lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
    },
    async close() {
      for (const follower of followers) follower.end();
      http.close();
      http.closeAllConnections();
      await once(http, 'close');
    },
  };
  app.use(securityHeaders);
  const api = express.Router();
  api.use(express.json());
  api.use((request, response, next) => {
    server.asked.push({ what: `${request.method} ${request.path}`, body: request.body });
    if (server.fail?.path === request.path) response.status(server.fail.status).json(server.fail.body);
    else if (!server.signedIn && request.path !== '/sign-in') {
      response.status(401).json({ code: 'DBA5001', message: 'a token of the cluster is needed' });
    } else next();
  });
  api.get('/sign-in', (_request, response) => void response.json({ oidc: 'Example ID', cluster: 'production' }));
  api.post('/sign-in', (request, response) => {
    server.signedIn = request.body.token === TOKEN;
    if (server.signedIn) response.status(204).end();
    else
      response
        .status(401)
        .json({ code: 'DBA5001', message: 'the API server does not know this token', help: 'Make a new one.' });
  });
  api.delete('/sign-in', (_request, response) => {
    server.signedIn = false;
    response.status(204).end();
  });
  api.get('/whoami', (_request, response) => void response.json(server.who));
  api.post(
    '/search',
    (request, response) =>
      void response.json(shown(answers.search(searchRequestSchema.parse(request.body)), server.who)),
  );
  api.post(
    '/histogram',
    (request, response) => void response.json(answers.histogram(histogramRequestSchema.parse(request.body))),
  );
  api.post('/top', (request, response) => void response.json(answers.top(topRequestSchema.parse(request.body))));
  api.post(
    '/totals',
    (request, response) => void response.json(answers.totals(totalsRequestSchema.parse(request.body))),
  );
  api.post('/export', (_request, response) => {
    response.type('application/x-ndjson').send(events.map((event) => `${JSON.stringify(event)}\n`).join(''));
  });
  api.post('/query', (_request, response) => void response.json(QUERY_ANSWER));
  api.post('/tail', (_request, response) => {
    response.type('application/x-ndjson').flushHeaders();
    followers.add(response);
    arrivals.emit('follower');
    response.on('close', () => followers.delete(response));
  });
  deskRoutes(api, events, now, alertsRequestSchema);
  app.use(API_PATH, api);
  app.use(webPage(directory));
  const http = app.listen(0, '127.0.0.1');
  await once(http, 'listening');
  Object.assign(server, { url: `http://127.0.0.1:${(http.address() as AddressInfo).port}` });
  return server;
}

/** Without the right to read literals, as the collector shows events: the template, and no values. */
function shown<T extends { readonly events: readonly AuditEvent[] }>(answer: T, who: Whoami): T {
  if (who.literals) return answer;
  const events = answer.events.map((event) => {
    const { error: _error, ...rest } = event;
    const { db, dbaudit } = event;
    if (db?.query?.text === undefined) return rest;
    const { parameter, ...query } = db.query;
    return {
      ...rest,
      db: {
        ...db,
        query: {
          ...query,
          text: dbaudit.statement?.template ?? '',
          ...(parameter === undefined
            ? {}
            : { parameter: Object.fromEntries(Object.keys(parameter).map((key) => [key, '?'])) }),
        },
      },
    };
  });
  return { ...answer, events };
}
