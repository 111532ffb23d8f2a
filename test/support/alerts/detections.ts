import type { Detection, Rule, RuleMode } from '../../../collector/rules/rule.ts';
import type { AlertLevel, AuditEvent } from '../../../contract/audit-event.ts';
import { EVERYTHING } from '../../../contract/filter.ts';
import { auditEvent } from '../audit-events.ts';

export interface DetectionChanges {
  readonly rule?: string;
  readonly level?: AlertLevel;
  readonly mode?: RuleMode;
  readonly group?: Readonly<Record<string, string>>;
  /** Milliseconds since 1970. */
  readonly at?: number;
  readonly count?: number;
  readonly events?: readonly AuditEvent[];
}

/** The clock of tests begins here: a Saturday, 10:00 UTC. */
export const TEST_START = Date.UTC(2026, 10, 21, 10);

function testRule(id = 'db.ddl.drop', level: AlertLevel = 'high', mode: RuleMode = 'on'): Rule {
  return {
    id,
    title: `Rule ${id}`,
    description: '',
    level,
    mode,
    ruleset: 'builtin',
    tags: [],
    references: [],
    falsePositives: [],
    filter: EVERYTHING,
    groupBy: ['user.name'],
    examples: { match: [], silent: [] },
    source: '',
  };
}

/** Of a rule about account `app` by one event of the pod that test/support/audit-events.ts is about. */
export function detection(changes: DetectionChanges = {}): Detection {
  const at = `${new Date(changes.at ?? TEST_START).toISOString().slice(0, -1)}000000Z`;
  return {
    rule: testRule(changes.rule, changes.level, changes.mode),
    at,
    group: changes.group ?? { 'user.name': 'app' },
    count: changes.count ?? 1,
    events: changes.events ?? [auditEvent({ at })],
  };
}
