import type { Nanos } from '../../timeline.ts';
import type { Outcome, Statement, StatementAction, StatementKind } from '../activity.ts';
import type { DecoderContext } from '../protocol.ts';
import type { Command } from './command.ts';
import {
  COM_QUERY,
  COM_REGISTER_SLAVE,
  COM_STMT_BULK_EXECUTE,
  COM_STMT_EXECUTE,
  COM_STMT_PREPARE,
  commandName,
  isDump,
} from './commands.ts';
import type { PreparedStatement } from './prepared-statements.ts';

/** Tells of a request and what came of it. */
export function reportCommand(
  context: DecoderContext,
  command: Command,
  outcome: Outcome,
  until: Nanos | undefined,
): void {
  const { code, statement } = command;
  const action = actionOf(code);
  const isSql = action === 'db.query' || action === 'db.execute' || action === 'db.prepare';
  const source = statement ?? command;
  if (isSql && source.text === undefined) command.note('text-unseen');
  const report: Statement = {
    kind: 'statement',
    action,
    statementKind: kindOf(code),
    at: command.at,
    until,
    language: isSql ? 'sql' : 'none',
    text: isSql ? source.text : undefined,
    textLength: isSql ? source.textLength : 0,
    textSha256: isSql ? source.textSha256 : undefined,
    operation: isSql ? undefined : commandName(code),
    targets: command.targets,
    parameters: command.parameters,
    outcome,
    returnedRows: command.returnedRows,
    affectedRows: command.affectedRows,
    insertId: command.insertId,
    warnings: command.warnings,
    requestBytes: command.requestBytes,
    responseBytes: command.responseBytes,
    notes: command.notes,
  };
  context.report(report);
}

/** Tells of a PREPARE that failed, or whose text no execution has told. */
export function reportPrepare(context: DecoderContext, statement: PreparedStatement): void {
  const { outcome, text } = statement;
  if (outcome === undefined || (statement.executed && outcome.kind !== 'failed')) return;
  context.report({
    kind: 'statement',
    action: 'db.prepare',
    statementKind: 'prepare',
    at: statement.at,
    until: statement.until,
    language: 'sql',
    text,
    textLength: statement.textLength,
    textSha256: statement.textSha256,
    operation: undefined,
    targets: undefined,
    parameters: undefined,
    outcome,
    returnedRows: undefined,
    affectedRows: undefined,
    insertId: undefined,
    warnings: undefined,
    requestBytes: statement.requestBytes,
    responseBytes: statement.responseBytes,
    notes: text === undefined ? ['text-unseen'] : undefined,
  });
}

function actionOf(code: number): StatementAction {
  switch (code) {
    case COM_QUERY:
      return 'db.query';
    case COM_STMT_EXECUTE:
    case COM_STMT_BULK_EXECUTE:
      return 'db.execute';
    case COM_STMT_PREPARE:
      return 'db.prepare';
    default:
      return isReplication(code) ? 'db.replication.start' : 'db.command';
  }
}

function kindOf(code: number): StatementKind {
  switch (code) {
    case COM_QUERY:
      return 'text';
    case COM_STMT_EXECUTE:
      return 'prepared';
    case COM_STMT_BULK_EXECUTE:
      return 'bulk';
    case COM_STMT_PREPARE:
      return 'prepare';
    default:
      return isReplication(code) ? 'replication' : 'command';
  }
}

function isReplication(code: number): boolean {
  return code === COM_REGISTER_SLAVE || isDump(code);
}
