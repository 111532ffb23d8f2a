import type { AuditEvent } from '../../contract/audit-event.ts';
import type { Filter } from '../../contract/filter.ts';
import { table } from './blocks.ts';
import type { Block } from './document.ts';
import type { ReportTask } from './kind.ts';

/** A list of single events is for reading; who wants more searches. */
const MAX_LISTED = 200;

/** Single statements, newest first: when, who, from where, what, how it ended. Statements are shown without their literals. */
export async function statementList(task: ReportTask, title: string, filter: Filter): Promise<Block> {
  const { source, texts } = task;
  const { words } = texts;
  const events = await source.newest(filter, MAX_LISTED);
  const all = events.length < MAX_LISTED ? events.length : await source.count(filter);
  return table(
    title,
    [
      { title: words.time, unit: 'time' },
      { title: words.account, unit: 'text' },
      { title: words.from, unit: 'code' },
      { title: words.database, unit: 'text' },
      { title: words.statement, unit: 'code' },
      { title: words.outcome, unit: 'text' },
    ],
    events.map((event) => [
      Date.parse(event['@timestamp']),
      event.user?.name ?? null,
      clientOf(event),
      event.db?.namespace ?? null,
      statementOf(event),
      texts.outcomes[event.event.outcome],
    ]),
    all - events.length,
  );
}

/** A client's workload where it is known, its address otherwise. */
function clientOf({ client, dbaudit }: AuditEvent): string | null {
  const party = dbaudit.client?.k8s;
  const name = party?.owner?.name ?? party?.pod;
  if (name !== undefined) return party?.namespace === undefined ? name : `${party.namespace}/${name}`;
  return client?.ip ?? null;
}

/** What is known of a statement in a language that nothing here reads is its operation. */
function statementOf({ db, dbaudit }: AuditEvent): string | null {
  return dbaudit.statement?.template ?? db?.query?.summary ?? db?.operation?.name ?? null;
}
