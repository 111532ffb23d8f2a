import { MASKED } from '../../../contract/masked.ts';
import type { Nanos } from '../../timeline.ts';
import { type Outcome, type Statement, UNSEEN } from '../activity.ts';
import type { Arguments } from './arguments.ts';
import { commandOf } from './command-cache.ts';
import { CommandText, readableBytes } from './command-text.ts';
import { type Command, commandNamed, isCommandName } from './commands.ts';
import { type Intent, intentOf } from './intent.ts';
import { keysOf } from './keys.ts';
import { keepsFirstByte, secretArguments } from './secrets.ts';
import { TextHash } from './text-hash.ts';

/** A longer credential is told apart by its beginning when it is looked for in an error message. */
const MAX_SECRET_BYTES = 512;
const SUBCOMMAND = /^[A-Z][A-Z0-9-]*$/;
const NO_TARGETS: readonly string[] = [];
const rendered = new CommandText();

/** A command on its way to being answered. */
export class PendingCommand {
  readonly command: Command;
  readonly intent: Intent | undefined;
  readonly at: Nanos;
  readonly requestBytes: number;
  text: string | undefined;
  textLength: number;
  textSha256: string | undefined;
  operation: string | undefined;
  targets: readonly string[] = NO_TARGETS;
  /** Its credentials, for taking them out of the server's error message. Reported nowhere. */
  secrets: readonly string[] | undefined;
  notes: readonly string[] | undefined;
  outcome: Outcome = UNSEEN;
  until: Nanos | undefined;
  returnedRows: number | undefined;
  responseBytes = 0;
  /** Of a command that is answered more than once, how many answers are to come; 0: the first one will tell. */
  answersLeft = 0;
  reportedRunning = false;

  constructor(command: Command, intent: Intent | undefined, textLength: number, requestBytes: number, at: Nanos) {
    this.command = command;
    this.intent = intent;
    this.textLength = textLength;
    this.requestBytes = requestBytes;
    this.at = at;
  }

  note(note: string): void {
    this.notes = this.notes === undefined ? [note] : [...this.notes, note];
  }

  toStatement(): Statement {
    const replicates = this.intent?.kind === 'sync';
    return {
      kind: 'statement',
      action: replicates ? 'db.replication.start' : 'db.command',
      statementKind: replicates ? 'replication' : 'command',
      at: this.at,
      until: this.until,
      language: 'redis',
      text: this.text,
      textLength: this.textLength,
      textSha256: this.textSha256,
      operation: this.operation,
      targets: this.targets,
      parameters: undefined,
      outcome: this.outcome,
      returnedRows: this.returnedRows,
      affectedRows: undefined,
      insertId: undefined,
      warnings: undefined,
      requestBytes: this.requestBytes,
      responseBytes: this.responseBytes,
      notes: this.notes,
    };
  }
}

/** Everything about a command that is to be known once its bytes are gone. `hash` covers what was cut. */
export function pendingCommand(
  given: Arguments,
  hash: TextHash | undefined,
  textBytes: number,
  wireBytes: number,
  at: Nanos,
): PendingCommand {
  const command = commandOf(given);
  const pending = new PendingCommand(command, intentOf(command, given), given.textLength, wireBytes, at);
  pending.operation = operationOf(command, given);
  if (given.torn) {
    pending.targets = keysOf(command, given, undefined);
    pending.note('text-unseen');
    return pending;
  }
  const rule = command.secrets;
  const secrets = rule === undefined ? undefined : secretArguments(rule, given);
  const keepFirst = rule !== undefined && keepsFirstByte(rule);
  rendered.render(given, textBytes, secrets, keepFirst);
  pending.text = rendered.text;
  if (command.keys !== undefined) pending.targets = keysOf(command, given, rendered);
  if (secrets !== undefined && secrets.length > 0) {
    pending.secrets = secrets.map((index) => secretText(given, index, keepFirst ? 1 : 0));
    // Its length and its hash would tell of the credential.
    pending.textLength = Buffer.byteLength(rendered.text);
    if (rendered.cut) pending.note('text-cut');
  } else if (rendered.cut) {
    const whole = given.cut ? hash : new TextHash().kept(given);
    pending.textSha256 = whole?.digest();
    if (whole === undefined) pending.note('text-cut');
  }
  return pending;
}

/** A line whose quotes are not balanced: no arguments can be told apart, so that its text is the line. */
export function unbalancedLine(line: Buffer, textBytes: number, wireBytes: number, at: Nanos): PendingCommand {
  const [name = ''] = line.latin1Slice(0, Math.min(line.length, 64)).trimStart().split(/\s/, 1);
  const known = commandNamed(name);
  const pending = new PendingCommand(commandNamed(''), undefined, line.length, wireBytes, at);
  pending.operation = isCommandName(name) ? known.name : undefined;
  if (known.secrets !== undefined) {
    pending.text = `${known.name} ${MASKED}`;
    pending.textLength = pending.text.length;
  } else {
    pending.text = readableBytes(line, 0, Math.min(line.length, textBytes));
    if (line.length > textBytes) pending.note('text-cut');
  }
  return pending;
}

function operationOf(command: Command, given: Arguments): string | undefined {
  if (command.container && given.count > 1) {
    const word = given.word(1);
    if (SUBCOMMAND.test(word)) return `${command.name} ${word}`;
  }
  return command.known || isCommandName(command.name) ? command.name : undefined;
}

function secretText(given: Arguments, index: number, from: number): string {
  const start = given.start(index) + from;
  return given.buffer.utf8Slice(start, Math.min(given.end(index), start + MAX_SECRET_BYTES));
}
