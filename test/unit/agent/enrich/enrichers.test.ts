import { describe, expect, test } from '@jest/globals';
import type { AuditEvent, Session } from '../../../../agent/audit-event.ts';
import { buildEnrichers, type EnricherOptions } from '../../../../agent/enrich/index.ts';
import { OK, type Statement, type StillRunning } from '../../../../agent/protocols/activity.ts';
import { SessionFacts } from '../../../../agent/protocols/session-facts.ts';
import { TimelineOrigin } from './timeline-origin.ts';

const NOTHING_EXCLUDED = { operations: [], users: [], databases: [] };

function sessionOf(system: string): Session {
  const facts = new SessionFacts(system);
  facts.update({ user: 'app', database: 'shop' });
  return { id: 'a', connection: TimelineOrigin, protocol: system, facts, eventCount: 0 };
}

function statement(changes: Partial<Statement>): Statement {
  return {
    kind: 'statement',
    action: 'db.query',
    statementKind: 'text',
    at: 0,
    until: 1,
    language: 'sql',
    text: 'SELECT 1',
    textLength: 8,
    textSha256: undefined,
    operation: undefined,
    targets: undefined,
    parameters: undefined,
    outcome: OK,
    returnedRows: undefined,
    affectedRows: undefined,
    insertId: undefined,
    warnings: undefined,
    requestBytes: 1,
    responseBytes: 1,
    notes: undefined,
    ...changes,
  };
}
