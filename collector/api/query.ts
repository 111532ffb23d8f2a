import { queryRequestSchema } from '../../contract/collector-api.ts';
import type { EventStore } from '../store/event-store.ts';
import { absent, json, post, type Route } from './route.ts';
import { visibleFilter } from './visible.ts';

/** Long enough for a scan of some 10 million events, short enough that nobody forgets that it runs. */
const TIMEOUT_MILLIS = 30_000;

/** SQL over the view `events`, which shows the scope alone; without the right to literals it has none. */
export function queryRoutes({ sql }: Pick<EventStore, 'sql'>): readonly Route[] {
  return [
    post({
      path: '/query',
      need: { kind: 'scoped', right: { resource: 'auditevents', verb: 'query' } },
      recorded: { resource: 'auditevents', verb: 'query' },
      schema: queryRequestSchema,
      async run({ body, scope, signal }) {
        if (sql === undefined) throw absent('SQL, in the store in use');
        const request = {
          ...body,
          filter: visibleFilter(scope),
          literals: scope.literals,
          timeoutMillis: TIMEOUT_MILLIS,
        };
        const answer = await sql.query(request, signal);
        return json(answer, { events: answer.rows.length });
      },
    }),
  ];
}
