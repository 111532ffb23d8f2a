import { alertChangeSchema, alertsRequestSchema, silenceRequestSchema } from '../../contract/collector-api.ts';
import { get, json, notFound, post, type Route, remove } from './route.ts';
import type { AlertDesk } from './services.ts';

/** Alerts within the scope, and what is done about them. Silences reach over all namespaces, and so do their rights. */
export function alertRoutes(desk: AlertDesk): readonly Route[] {
  return [
    post({
      path: '/alerts',
      need: { kind: 'scoped', right: { resource: 'alerts', verb: 'get' } },
      recorded: { resource: 'alerts', verb: 'get' },
      schema: alertsRequestSchema,
      run: async ({ body, scope }) => json(desk.list(body, scope)),
    }),
    post({
      path: '/alerts/:id/change',
      need: { kind: 'scoped', right: { resource: 'alerts', verb: 'update' } },
      recorded: { resource: 'alerts', verb: 'update' },
      schema: alertChangeSchema,
      async run({ body, parameters: { id = '' }, caller, scope }) {
        const alert = desk.change(id, body, caller.user.name, scope);
        if (alert === undefined) throw notFound(`alert ${id}`);
        return json(alert);
      },
    }),
    get({
      path: '/silences',
      need: { kind: 'cluster', right: { resource: 'silences', verb: 'get' } },
      run: async () => json({ silences: desk.silences() }),
    }),
    post({
      path: '/silences',
      need: { kind: 'cluster', right: { resource: 'silences', verb: 'update' } },
      recorded: { resource: 'silences', verb: 'create' },
      schema: silenceRequestSchema,
      run: async ({ body, caller }) => json(desk.silence(body, caller.user.name), { status: 201 }),
    }),
    remove({
      path: '/silences/:id',
      need: { kind: 'cluster', right: { resource: 'silences', verb: 'update' } },
      recorded: { resource: 'silences', verb: 'delete' },
      async run({ parameters: { id = '' }, caller }) {
        if (!desk.unsilence(id, caller.user.name)) throw notFound(`silence ${id}`);
        return { kind: 'nothing' };
      },
    }),
  ];
}
