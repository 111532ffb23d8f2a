import type { Command } from './command.ts';
import { COM_INIT_DB, COM_QUERY, COM_RESET_CONNECTION } from './commands.ts';
import type { MysqlSession } from './mysql-session.ts';
import { characterSetOfSet, databaseOfUse } from './statement-effects.ts';

/** What the success of `command` changes for those that follow. */
export function applySuccess(session: MysqlSession, command: Command): void {
  switch (command.code) {
    case COM_QUERY:
      if (command.text !== undefined) applyText(session, command.text);
      return;
    case COM_INIT_DB:
      session.useDatabase(command.parameters?.[0] ?? undefined);
      return;
    case COM_RESET_CONNECTION:
      session.prepared.closeAll();
      session.resetCharacterSet();
      return;
  }
}

function applyText(session: MysqlSession, text: string): void {
  const database = databaseOfUse(text);
  if (database !== undefined) session.useDatabase(database);
  const characterSet = characterSetOfSet(text);
  if (characterSet !== undefined) session.useCharacterSet(characterSet);
}
