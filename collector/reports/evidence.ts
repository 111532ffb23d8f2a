import { both, type Filter } from '../../contract/filter.ts';
import type { Evidence } from './clauses.ts';
import { exists, FAILED_LOGINS, GAPS, is, likeAny, not, OF_CLASS, STATEMENTS, SUCCEEDED } from './filters.ts';
import type { ReportTask } from './kind.ts';

const DAY_MILLIS = 86_400_000;

/** Each fact in words, with its figure; undefined where it cannot be told. */
export async function evidenceOf(task: ReportTask): Promise<Readonly<Record<Evidence, string | undefined>>> {
  const { source, texts, formats } = task;
  const t = texts.compliance.evidence;
  const count = async (filter: Filter) => formats.whole(await source.count(filter));
  const statements = await source.count(STATEMENTS);
  const share = async (filter: Filter) =>
    statements === 0 ? undefined : formats.share((await source.count(both(STATEMENTS, filter))) / statements);
  const accounts = await source.top({
    fields: ['user.name'],
    filter: both(STATEMENTS, exists('user.name')),
    measure: 'events',
    limit: 1,
  });
  const sensitive = task.list('sensitive_tables');
  const alerts = task.alerts?.();
  const status = await task.status?.();
  const rules = task.rules?.();
  const [named, answered] = [await share(exists('user.name')), await share(not(is('event.outcome', 'unknown')))];
  const verdict = await task.verify?.();
  return {
    events: t.events(formats.whole(statements)),
    accounts: t.accounts(formats.whole(accounts.distinct)),
    namedShare: named && t.namedShare(named),
    outcomeShare: answered && t.outcomeShare(answered),
    privileged: t.privileged(await count(both(STATEMENTS, likeAny('user.name', task.privilegedAccounts)))),
    sensitiveReads:
      sensitive.length === 0
        ? t.noSensitive
        : t.sensitiveReads(await count(both(STATEMENTS, likeAny('dbaudit.statement.tables', sensitive)))),
    storeReads: t.storeReads(await count(is('event.action', 'dbaudit.access'))),
    refused: t.refused(await count(is('event.action', 'dbaudit.refused'))),
    failedLogins: t.failedLogins(await count(FAILED_LOGINS)),
    roleChanges: t.roleChanges(await count(both(OF_CLASS('ROLE'), SUCCEEDED))),
    schemaChanges: t.schemaChanges(await count(both(OF_CLASS('DDL'), SUCCEEDED))),
    agentStarts: t.agentStarts(
      await count(is('event.action', 'dbaudit.agent.start')),
      await count(is('event.action', 'dbaudit.agent.stop')),
    ),
    gaps: t.gaps(await count(GAPS)),
    alerts: alerts && t.alerts(formats.whole(alerts.alerts.length + alerts.more)),
    acknowledged:
      alerts &&
      t.acknowledged(
        formats.whole(
          alerts.alerts.filter(({ history }) => history.some(({ what }) => what === 'acknowledged')).length,
        ),
      ),
    rulesOn: rules && t.rulesOn(formats.whole(rules.filter(({ mode }) => mode === 'on').length)),
    keptDays:
      source.oldest === undefined ? undefined : t.keptDays(formats.whole((task.now - source.oldest) / DAY_MILLIS)),
    retention: task.retentionDays === undefined ? undefined : t.retention(formats.whole(task.retentionDays)),
    encrypted: status && (status.encrypted ? t.encrypted : t.notEncrypted),
    integrity: verdict && (verdict.intact ? t.intact(formats.whole(verdict.events)) : t.broken),
  };
}
