import { maskRedisArguments } from '../../agent/enrich/redis-literals.ts';
import { analyzeSql } from '../../agent/sql/analyze.ts';
import type { AuditEvent } from '../../contract/audit-event.ts';
import type { CollectorEnricher } from '../intake.ts';

/** Texts remembered with their templates; applications have hundreds of prepared ones. */
const MAX_REMEMBERED = 2_048;
/** Longer texts are read each time; together with their number this bounds memory to some 8 MiB. */
const MAX_REMEMBERED_LENGTH = 1_024;

const NO_KEYS: readonly string[] = [];
const SQL_DIALECTS: Readonly<Record<string, 'mysql' | 'postgresql'>> = {
  mysql: 'mysql',
  mariadb: 'mysql',
  postgresql: 'postgresql',
};

/**
 * Sets `dbaudit.statement.template`, the text without its literals, on events of languages that are known. Whoever sent the
 * event has no say in it: the template is what readers see who may not see literals.
 */
export function templateEnricher(): CollectorEnricher {
  const remembered = new Map<string, string>();
  return (event) => {
    const { statement } = event.dbaudit;
    if (statement === undefined) return event;
    const template = templateOf(event, remembered);
    if (template === statement.template) return event;
    const { template: _, ...rest } = statement;
    const changed = template === undefined ? rest : { ...rest, template };
    return { ...event, dbaudit: { ...event.dbaudit, statement: changed } };
  };
}

function templateOf({ db, dbaudit }: AuditEvent, remembered: Map<string, string>): string | undefined {
  const text = db?.query?.text;
  if (db === undefined || text === undefined) return undefined;
  const system = db.system.name;
  // Its keys, which the text alone does not tell, decide what stays.
  if (system === 'redis') return maskRedisArguments(text, db.operation?.name, dbaudit.statement?.tables ?? NO_KEYS);
  const dialect = SQL_DIALECTS[system];
  if (dialect === undefined) return undefined;
  if (text.length > MAX_REMEMBERED_LENGTH) return analyzeSql(text, dialect, 'literals').text;
  const key = `${dialect} ${text}`;
  const known = remembered.get(key);
  if (known !== undefined) return known;
  const template = analyzeSql(text, dialect, 'literals').text;
  if (remembered.size >= MAX_REMEMBERED) remembered.clear();
  remembered.set(key, template);
  return template;
}
