import { ByteReader } from '../byte-reader.ts';
import type { DecoderContext } from '../protocol.ts';
import { Capabilities } from './capabilities.ts';
import { type DecodeText, decodeTextOf, decodeUtf8 } from './character-sets.ts';
import type { OkPacket } from './packets.ts';
import { PreparedStatements } from './prepared-statements.ts';
import { reportPrepare } from './statement-report.ts';

/** What both sides of a conversation share. */
export class MysqlSession {
  readonly context: DecoderContext;
  readonly capabilities = new Capabilities();
  readonly prepared: PreparedStatements;
  /** How the client's text is read. */
  decodeText: DecodeText = decodeUtf8;
  /** What the login asked for; COM_RESET_CONNECTION goes back to it. */
  #loginCharacterSet = 'utf8mb4';

  constructor(context: DecoderContext) {
    this.context = context;
    this.prepared = new PreparedStatements(context.limits.preparedStatements, (statement) =>
      reportPrepare(context, statement),
    );
  }

  useCharacterSet(name: string): void {
    this.decodeText = decodeTextOf(name);
  }

  useLoginCharacterSet(name: string): void {
    this.#loginCharacterSet = name;
    this.useCharacterSet(name);
  }

  resetCharacterSet(): void {
    this.useCharacterSet(this.#loginCharacterSet);
  }

  /** What the server itself tells of the session's state. */
  follow({ schema, characterSetClient }: OkPacket): void {
    if (schema !== undefined) this.useDatabase(schema === '' ? undefined : schema);
    if (characterSetClient !== undefined) this.useCharacterSet(characterSetClient);
  }

  useDatabase(name: string | undefined): void {
    const { facts } = this.context;
    if (facts.database !== name) facts.update({ database: name });
  }
}

/** One reader for all conversations: none is suspended in the middle of a packet. */
export const reader = new ByteReader();
