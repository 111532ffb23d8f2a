import type { Nanos } from '../../timeline.ts';
import { type Statement, type StatementAction, type StatementKind, UNSEEN } from '../activity.ts';
import type { Portal } from './prepared-statements.ts';

/** A statement whose answer is not complete; reported as it is once it is. */
export type OpenStatement = { -readonly [Field in keyof Statement]: Statement[Field] };

export function openStatement(at: Nanos, action: StatementAction, statementKind: StatementKind): OpenStatement {
  return {
    kind: 'statement',
    action,
    statementKind,
    at,
    until: undefined,
    language: 'sql',
    text: undefined,
    textLength: 0,
    textSha256: undefined,
    operation: undefined,
    targets: undefined,
    parameters: undefined,
    outcome: UNSEEN,
    returnedRows: undefined,
    affectedRows: undefined,
    insertId: undefined,
    warnings: undefined,
    requestBytes: 0,
    responseBytes: 0,
    notes: undefined,
  };
}

/** Each note is there once. */
export function addNote(statement: OpenStatement, note: string): void {
  if (statement.notes === undefined) statement.notes = [note];
  else if (!statement.notes.includes(note)) statement.notes = [...statement.notes, note];
}

/** A statement that an Execute asks for; without a portal nothing is known of it. */
export function executeStatement(portal: Portal | undefined, at: Nanos): OpenStatement {
  const statement = openStatement(at, 'db.execute', 'prepared');
  if (portal === undefined) {
    addNote(statement, 'text-unseen');
    return statement;
  }
  const { prepared } = portal;
  statement.text = prepared.text;
  statement.textLength = prepared.textLength;
  statement.textSha256 = prepared.textSha256;
  statement.parameters = portal.parameters;
  statement.notes = portal.notes;
  if (prepared.text === undefined) addNote(statement, 'text-unseen');
  return statement;
}
