import { ACTIONS } from '../../contract/audit-event.ts';
import {
  actionsAnswerSchema,
  histogramRequestSchema,
  searchRequestSchema,
  topRequestSchema,
  totalsRequestSchema,
} from '../../contract/collector-api.ts';
import type { EventStore } from '../store/event-store.ts';
import { Problem } from './problem.ts';
import { get, json, post, type Route } from './route.ts';
import { visibleEvents, visibleFields, visibleFilter } from './visible.ts';

/** Of a day in minutes there are 1,440; a page shows fewer than that. */
const MAX_STEPS = 10_000;
const MILLIS_PER_SECOND = 1_000;
const need = { kind: 'scoped', right: { resource: 'auditevents', verb: 'get' } } as const;

/** Searches, figures and lists over events. A session's transcript is a search by `dbaudit.session.id`, oldest first. */
export function eventRoutes(store: EventStore): readonly Route[] {
  return [
    post({
      path: '/search',
      need,
      recorded: { resource: 'auditevents', verb: 'search' },
      schema: searchRequestSchema,
      async run({ body: { filter: asked, cursor, ...request }, scope, signal }) {
        const filter = visibleFilter(scope, asked);
        const page = await store.search({ ...request, filter, ...(cursor === undefined ? {} : { cursor }) }, signal);
        const events = visibleEvents(scope, page.events);
        return json({ ...page, events }, { events: events.length });
      },
    }),
    post({
      path: '/histogram',
      need,
      recorded: { resource: 'auditevents', verb: 'histogram' },
      schema: histogramRequestSchema,
      async run({ body: { filter: asked, by, ...request }, scope, signal }) {
        const filter = visibleFilter(scope, asked);
        const [line] = visibleFields(scope, by === undefined ? [] : [by]);
        const steps = (request.range.to - request.range.from) / (request.stepSeconds * MILLIS_PER_SECOND);
        if (steps > MAX_STEPS)
          throw new Problem(400, 'DBA5003', `stepSeconds: the range has more than ${MAX_STEPS} of such steps`);
        return json(await store.histogram({ ...request, filter, ...(line === undefined ? {} : { by: line }) }, signal));
      },
    }),
    post({
      path: '/top',
      need,
      recorded: { resource: 'auditevents', verb: 'top' },
      schema: topRequestSchema,
      async run({ body: { filter, ...request }, scope, signal }) {
        const fields = visibleFields(scope, request.fields);
        return json(await store.top({ ...request, fields, filter: visibleFilter(scope, filter) }, signal));
      },
    }),
    post({
      path: '/totals',
      need,
      recorded: { resource: 'auditevents', verb: 'totals' },
      schema: totalsRequestSchema,
      async run({ body: { range, filter: asked, before }, scope, signal }) {
        const filter = visibleFilter(scope, asked);
        const earlier = { from: Math.max(0, range.from - (range.to - range.from)), to: range.from };
        const [totals, totalsBefore] = await Promise.all([
          store.totals({ range, filter }, signal),
          before ? store.totals({ range: earlier, filter }, signal) : undefined,
        ]);
        return json({ totals, ...(totalsBefore === undefined ? {} : { before: totalsBefore }) });
      },
    }),
    get({
      path: '/actions',
      need: { kind: 'known' },
      run: async () => json(actionsAnswerSchema.parse({ actions: ACTIONS })),
    }),
  ];
}
