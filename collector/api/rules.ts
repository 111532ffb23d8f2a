import { ruleChangeSchema, ruleSourceSchema, ruleTestRequestSchema } from '../../contract/collector-api.ts';
import { Problem } from './problem.ts';
import { get, json, notFound, post, type Route, remove } from './route.ts';
import type { RuleBook } from './services.ts';
import { visibleEvents, visibleFilter } from './visible.ts';

const update = { kind: 'cluster', right: { resource: 'rules', verb: 'update' } } as const;

/** Rules are for the whole cluster. A test shows events, and those of its reader's scope alone. */
export function ruleRoutes(book: RuleBook): readonly Route[] {
  return [
    get({
      path: '/rules',
      need: { kind: 'cluster', right: { resource: 'rules', verb: 'get' } },
      run: async () => json({ rules: book.list() }),
    }),
    post({
      path: '/rules',
      need: update,
      recorded: { resource: 'rules', verb: 'update' },
      schema: ruleSourceSchema,
      run: async ({ body: { source }, caller }) => json(book.put(source, caller.user.name)),
    }),
    post({
      path: '/rules/test',
      need: { kind: 'scoped', right: { resource: 'auditevents', verb: 'get' } },
      recorded: { resource: 'rules', verb: 'test' },
      schema: ruleTestRequestSchema,
      async run({ body, scope, signal }) {
        const { id, source, range, limit } = body;
        if ((id === undefined) === (source === undefined))
          throw new Problem(400, 'DBA5003', 'either id or source is expected');
        // A rule of one's own that asks for values, and says how often they are there, tells the values.
        if (source !== undefined && !scope.literals)
          throw new Problem(403, 'DBA5005', 'a rule’s own text is tested with the right to read literals');
        const rule = { ...(id === undefined ? {} : { id }), ...(source === undefined ? {} : { source }) };
        const { detections, ...counted } = await book.test({ ...rule, range, limit }, visibleFilter(scope), signal);
        const shown = detections.map((found) => ({ ...found, events: visibleEvents(scope, found.events) }));
        const events = shown.reduce((sum, found) => sum + found.events.length, 0);
        return json({ ...counted, detections: shown }, { events });
      },
    }),
    post({
      path: '/rules/:id/change',
      need: update,
      recorded: { resource: 'rules', verb: 'update' },
      schema: ruleChangeSchema,
      async run({ body: { mode }, parameters: { id = '' }, caller }) {
        const rule = book.change(id, mode, caller.user.name);
        if (rule === undefined) throw notFound(`rule ${id}`);
        return json(rule);
      },
    }),
    remove({
      path: '/rules/:id',
      need: update,
      recorded: { resource: 'rules', verb: 'delete' },
      async run({ parameters: { id = '' }, caller }) {
        if (!book.remove(id, caller.user.name)) throw notFound(`custom rule ${id}`);
        return { kind: 'nothing' };
      },
    }),
  ];
}
