import type { Nanos } from '../../timeline.ts';
import { type Login, OK, type Outcome, UNSEEN } from '../activity.ts';
import { characterSetOf } from './character-sets.ts';
import type { Credentials } from './handshake-response.ts';
import { type MysqlSession, reader } from './mysql-session.ts';
import { EOF_HEADER, ERR_HEADER, OK_HEADER, OkPacket, readErr } from './packets.ts';

/*
 * From the client's name to the server's verdict.
 * https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_connection_phase.html
 * What client and server say in between (scrambles, digests, keys, passwords) is passed over.
 */

const AUTH_NEXT_FACTOR = 0x02;

/** One attempt to log in. */
export class Authentication {
  readonly #session: MysqlSession;
  readonly #phase: Login['phase'];
  readonly #at: Nanos;
  /** undefined: the server refused before it was told a name. */
  readonly #credentials: Credentials | undefined;
  #authMethod: string | undefined;
  #isOver = false;

  constructor(session: MysqlSession, phase: Login['phase'], credentials: Credentials | undefined, at: Nanos) {
    this.#session = session;
    this.#phase = phase;
    this.#at = at;
    this.#credentials = credentials;
    this.#authMethod = credentials?.authMethod;
  }

  /** The server's next packet; the outcome once it is decided. */
  packet(buffer: Buffer, start: number, end: number, at: Nanos): Outcome | undefined {
    const header = buffer[start];
    if (start >= end) return undefined;
    reader.over(buffer, start, end);
    if (header === OK_HEADER) {
      const ok = new OkPacket();
      ok.readOk(reader, this.#session.capabilities);
      return this.#decided(OK, ok.schema, at);
    }
    if (header === ERR_HEADER) {
      return this.#decided(readErr(reader, this.#session.decodeText), undefined, at);
    }
    if (header === EOF_HEADER || header === AUTH_NEXT_FACTOR) {
      reader.skip(1);
      // A switch without a name is the one to the method of 4.0.
      const named =
        reader.remaining > 0 ? reader.utf8(methodLength(buffer, reader.position, end)) : 'mysql_old_password';
      const isFurther = header === AUTH_NEXT_FACTOR && this.#authMethod !== undefined;
      this.#authMethod = isFurther ? `${this.#authMethod}+${named}` : named;
    }
    return undefined;
  }

  /** The verdict was not seen. */
  unseen(): void {
    if (!this.#isOver) this.#report(UNSEEN, undefined);
  }

  /** Commands follow, so the server did accept what it was told, though that was not seen. */
  assumeAccepted(): void {
    this.unseen();
    this.#take(undefined);
  }

  #decided(outcome: Outcome, schema: string | undefined, at: Nanos): Outcome {
    if (outcome.kind === 'ok') this.#take(schema);
    else if (this.#phase === 'start') this.#session.context.facts.update({ authMethod: this.#authMethod });
    this.#report(outcome, at);
    return outcome;
  }

  #take(schema: string | undefined): void {
    const credentials = this.#credentials;
    const { facts } = this.#session.context;
    if (credentials === undefined) return;
    const { user, attributes, collationId } = credentials;
    const database = schema || credentials.database;
    facts.update({ user, database, authMethod: this.#authMethod ?? facts.authMethod });
    if (attributes !== undefined) facts.update({ attributes, ...namesIn(attributes) });
    if (collationId !== undefined) this.#session.useLoginCharacterSet(characterSetOf(collationId));
  }

  #report(outcome: Outcome, until: Nanos | undefined): void {
    this.#isOver = true;
    this.#session.context.report({
      kind: 'login',
      phase: this.#phase,
      at: this.#at,
      until,
      user: this.#credentials?.user,
      database: this.#credentials?.database,
      outcome,
    });
  }
}

/** Longest name of a plugin that is read; none is longer than 64. */
const MAX_METHOD_BYTES = 256;

function methodLength(buffer: Buffer, start: number, end: number): number {
  const until = Math.min(end, start + MAX_METHOD_BYTES);
  const zero = buffer.indexOf(0, start);
  return (zero < 0 || zero > until ? until : zero) - start;
}

/** https://dev.mysql.com/doc/refman/9.4/en/performance-schema-connection-attribute-tables.html */
function namesIn(attributes: Readonly<Record<string, string | null>>): { program?: string; driver?: string } {
  const program = attributes.program_name;
  const client = attributes._client_name;
  const version = attributes._client_version;
  return {
    ...(program ? { program } : {}),
    ...(client ? { driver: version ? `${client} ${version}` : client } : {}),
  };
}
