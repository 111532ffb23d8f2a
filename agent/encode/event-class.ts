import type { Action, AuditEvent } from '../../contract/audit-event.ts';
import type { AuditEvent as InternalEvent } from '../audit-event.ts';
import { FIRST_FAILURE } from '../file-input/http-access.ts';
import type { Login, Outcome, Statement, StatementAction } from '../protocols/activity.ts';
import type { StatementClass } from '../sql/analysis.ts';
import { Piece } from './piece.ts';

type Category = AuditEvent['event']['category'][number];
type EventType = AuditEvent['event']['type'][number];
type StatementType = 'access' | 'change' | 'info';

/** What ECS classifies events by. */
export interface EventClass {
  readonly action: Action;
  readonly outcome: AuditEvent['event']['outcome'];
  /** In the native format, from the end of `@timestamp`: `Z","event":{…,"outcome":"success"`. */
  readonly head: Piece;
}

const ECS_OUTCOME: Readonly<Record<Outcome['kind'], EventClass['outcome']>> = {
  ok: 'success',
  failed: 'failure',
  unseen: 'unknown',
};

/** `event.type` by pgAudit's class. https://www.elastic.co/docs/reference/ecs/ecs-allowed-values-event-category */
const TYPE_OF_CLASS: Readonly<Record<StatementClass, StatementType>> = {
  READ: 'access',
  WRITE: 'change',
  DDL: 'change',
  ROLE: 'change',
  FUNCTION: 'access',
  MISC: 'info',
};

type ClassesOfAction = Readonly<Record<StatementType, Readonly<Record<Outcome['kind'], EventClass>>>>;

const OF_STATEMENTS: Readonly<Record<StatementAction, ClassesOfAction>> = {
  'db.query': classesOf('db.query'),
  'db.prepare': classesOf('db.prepare'),
  'db.execute': classesOf('db.execute'),
  'db.command': classesOf('db.command'),
  'db.copy': classesOf('db.copy'),
  'db.cancel': classesOf('db.cancel'),
  'db.replication.start': classesOf('db.replication.start'),
};

const START = eventClass('db.session.start', ['authentication', 'session'], 'start', 'ok');
const START_UNSEEN = eventClass('db.session.start', ['authentication', 'session'], 'start', 'unseen');
const AUTH_FAILED = eventClass('db.session.auth_failed', ['authentication'], 'start', 'failed');
const CHANGE_USER = eventClass('db.session.change_user', ['authentication'], 'info', 'ok');
const CHANGE_USER_UNSEEN = eventClass('db.session.change_user', ['authentication'], 'info', 'unseen');
const MIDSTREAM = eventClass('db.session.midstream', ['session'], 'info', 'unseen');
const END = eventClass('db.session.end', ['session'], 'end', 'ok');
const UNDECODABLE = eventClass('db.session.undecodable', ['session'], 'info', 'unseen');
const GAP = eventClass('db.gap', ['database'], 'info', 'unseen');
const STILL_RUNNING = eventClass('db.query', ['database'], 'info', 'unseen');
const OF_REQUESTS = {
  ok: eventClass('http.access', ['web'], 'access', 'ok'),
  failed: eventClass('http.access', ['web'], 'access', 'failed'),
  unseen: eventClass('http.access', ['web'], 'access', 'unseen'),
} as const;
const OF_AGENT = {
  'dbaudit.agent.start': eventClass('dbaudit.agent.start', ['process'], 'start', 'ok'),
  'dbaudit.agent.stop': eventClass('dbaudit.agent.stop', ['process'], 'end', 'ok'),
  'dbaudit.sink.test': eventClass('dbaudit.sink.test', ['process'], 'info', 'ok'),
} as const;

/** Every class is made once. */
export function classOf(activity: InternalEvent['activity'], statementClass: StatementClass | undefined): EventClass {
  switch (activity.kind) {
    case 'statement':
      return OF_STATEMENTS[activity.action][typeOf(activity, statementClass)][activity.outcome.kind];
    case 'still-running':
      return STILL_RUNNING;
    case 'login':
      return classOfLogin(activity);
    case 'blind':
      return activity.forGood ? UNDECODABLE : GAP;
    case 'session-midstream':
      return MIDSTREAM;
    case 'session-end':
      return END;
    case 'capture-gap':
      return GAP;
    case 'http-access':
      return OF_REQUESTS[activity.status === undefined ? 'unseen' : activity.status < FIRST_FAILURE ? 'ok' : 'failed'];
    case 'agent':
      return OF_AGENT[activity.action];
  }
}

/** Preparing reads and changes nothing yet. */
function typeOf({ action, language }: Statement, statementClass: StatementClass | undefined): StatementType {
  if (action === 'db.prepare') return 'info';
  if (statementClass !== undefined) return TYPE_OF_CLASS[statementClass];
  return language === 'redis' ? 'access' : 'info';
}

/** A failed attempt is one whenever it happens: with Redis' AUTH and MySQL's change user one can guess, too. */
function classOfLogin({ phase, outcome }: Login): EventClass {
  if (outcome.kind === 'failed') return AUTH_FAILED;
  if (phase === 'start') return outcome.kind === 'ok' ? START : START_UNSEEN;
  return outcome.kind === 'ok' ? CHANGE_USER : CHANGE_USER_UNSEEN;
}

function classesOf(action: StatementAction): ClassesOfAction {
  const ofType = (type: StatementType) => ({
    ok: eventClass(action, ['database'], type, 'ok'),
    failed: eventClass(action, ['database'], type, 'failed'),
    unseen: eventClass(action, ['database'], type, 'unseen'),
  });
  return { access: ofType('access'), change: ofType('change'), info: ofType('info') };
}

function eventClass(
  action: Action,
  category: readonly Category[],
  type: EventType,
  outcomeKind: Outcome['kind'],
): EventClass {
  const outcome = ECS_OUTCOME[outcomeKind];
  const fields = JSON.stringify({ kind: 'event', category, type: [type], action, outcome });
  return { action, outcome, head: new Piece(`Z","event":${fields.slice(0, -1)}`) };
}
