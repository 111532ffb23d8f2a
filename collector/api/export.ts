import type { AuditEvent } from '../../contract/audit-event.ts';
import { exportRequestSchema } from '../../contract/collector-api.ts';
import { EVENT_FIELD_LIST, fieldValue } from '../../contract/event-fields.ts';
import type { EventStore } from '../store/event-store.ts';
import { post, type Route } from './route.ts';
import { visibleEvents, visibleFilter } from './visible.ts';

/** Some MB at a time, however much is taken out. */
const PAGE = 2_000;

const FORMATS = {
  ndjson: { type: 'application/x-ndjson', head: '', line: (event: AuditEvent) => `${JSON.stringify(event)}\n` },
  csv: {
    type: 'text/csv; charset=utf-8',
    head: csvLine(EVENT_FIELD_LIST.map(({ column }) => column)),
    line: (event: AuditEvent) => csvLine(EVENT_FIELD_LIST.map(({ name }) => textOf(fieldValue(event, name)))),
  },
} as const;

/** All events that were asked for, page by page; one that breaks off ends the connection, so that nobody takes it for whole. */
export function exportRoutes(store: EventStore): readonly Route[] {
  return [
    post({
      path: '/export',
      need: { kind: 'scoped', right: { resource: 'auditevents', verb: 'export' } },
      recorded: { resource: 'auditevents', verb: 'export' },
      schema: exportRequestSchema,
      async run({ body: { range, order, format, filter: asked }, scope, signal }) {
        const { type, head, line } = FORMATS[format];
        const filter = visibleFilter(scope, asked);
        const page = (cursor?: string) =>
          store.search({ range, order, filter, limit: PAGE, ...(cursor === undefined ? {} : { cursor }) }, signal);
        // What is wrong with the question is answered as such, not in the middle of a file.
        const first = await page();
        return {
          kind: 'stream',
          type,
          name: `audit-events.${format}`,
          async write(stream) {
            await stream.write(head);
            for (let found = first; ; found = await page(found.cursor)) {
              const events = visibleEvents(scope, found.events);
              await stream.write(events.map(line).join(''), events.length);
              if (found.cursor === undefined) return;
            }
          },
        };
      },
    }),
  ];
}

/** One record with its line end. https://www.rfc-editor.org/rfc/rfc4180 */
export function csvLine(values: readonly string[]): string {
  const cells = values.map((value) => (/[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value));
  return `${cells.join(',')}\r\n`;
}

function textOf(value: unknown): string {
  if (value === undefined) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
