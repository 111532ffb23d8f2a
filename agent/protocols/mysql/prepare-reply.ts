import { ProtocolViolation } from '../protocol.ts';
import { CLIENT_DEPRECATE_EOF } from './capabilities.ts';
import type { Command } from './command.ts';
import { type MysqlSession, reader } from './mysql-session.ts';
import { EOF_HEADER, MAX_EOF_BYTES, OK_HEADER } from './packets.ts';

/*
 * https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_com_stmt_prepare.html
 *
 *   int<1> 0, int<4> statement id, int<2> columns, int<2> parameters, int<1> 0, int<2> warnings, [int<1> metadata]
 *   the parameters' definitions, the columns' definitions; each part ended by EOF unless that is deprecated
 */

const PREPARE_OK_BYTES = 9;
/** Where MySQL 8 says whether definitions follow, if their being left out was agreed on. */
const METADATA_AT = 12;

/** The answer to a PREPARE. One serves all of a conversation: it remembers whether an EOF ends definitions. */
export class PrepareReply {
  readonly #session: MysqlSession;
  /** Definitions of the part under way. */
  #left = 0;
  /** Definitions of the part behind it. */
  #leftAfterwards = 0;
  #awaitsEof = false;
  /** undefined: not known, as the login was not seen. */
  #endsWithEof: boolean | undefined;

  constructor(session: MysqlSession) {
    this.#session = session;
  }

  /** Takes the first packet; true where it is the whole answer. */
  begin(command: Command, buffer: Buffer, start: number, end: number): boolean {
    if (buffer[start] !== OK_HEADER || end - start < PREPARE_OK_BYTES) {
      throw new ProtocolViolation('no answer to a PREPARE');
    }
    const { capabilities, prepared } = this.#session;
    reader.over(buffer, start + 1, end);
    const id = reader.uint32LE();
    const columns = reader.uint16LE();
    const parameters = reader.uint16LE();
    const { statement } = command;
    if (statement !== undefined) {
      statement.id = id;
      statement.parameterCount = parameters;
      prepared.add(id, statement);
    }
    if (capabilities.known) this.#endsWithEof = !capabilities.has(CLIENT_DEPRECATE_EOF);
    const follows = end - start <= METADATA_AT || buffer[start + METADATA_AT] !== 0;
    this.#left = follows ? parameters : 0;
    this.#leftAfterwards = follows ? columns : 0;
    this.#awaitsEof = false;
    return this.#left === 0 && this.#nextPart();
  }

  /** Definitions follow, of which nothing is looked at. */
  get countsOnly(): boolean {
    return !this.#awaitsEof;
  }

  /** Takes a packet of what follows; true where it was the last. */
  packet(header: number, length: number): boolean {
    if (!this.#awaitsEof) return this.#definition();
    const isEof = header === EOF_HEADER && length <= MAX_EOF_BYTES;
    this.#endsWithEof = isEof;
    this.#awaitsEof = false;
    const isOver = this.#nextPart();
    return isEof || isOver ? isOver : this.#definition();
  }

  /** What is known of definitions elsewhere. */
  learn(endsWithEof: boolean): void {
    this.#endsWithEof = endsWithEof;
  }

  /** After the answer, an EOF that nobody knew to end it. */
  isLateEof(header: number, length: number): boolean {
    if (this.#endsWithEof !== undefined || header !== EOF_HEADER || length !== MAX_EOF_BYTES) return false;
    this.#endsWithEof = true;
    return true;
  }

  /** Where it is not known whether an EOF follows, the packet after the first part shows it; after the last none need come. */
  #definition(): boolean {
    this.#left -= 1;
    if (this.#left > 0) return false;
    this.#awaitsEof = this.#endsWithEof ?? this.#leftAfterwards > 0;
    return !this.#awaitsEof && this.#nextPart();
  }

  #nextPart(): boolean {
    this.#left = this.#leftAfterwards;
    this.#leftAfterwards = 0;
    return this.#left === 0;
  }
}
