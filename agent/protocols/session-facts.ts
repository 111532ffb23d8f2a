import type { Parameter, TlsFacts } from './activity.ts';

/**
 * What is known of a session so far. Every event of the session carries it, as it is when the event is reported.
 * A decoder changes it through `update`, so that an encoder can keep what it wrote until `revision` moves.
 */
export class SessionFacts {
  user: string | undefined;
  database: string | undefined;
  /** The server's own number for the connection (MySQL thread id, PostgreSQL backend pid, Redis client id). */
  connectionId: string | undefined;
  /** What the client calls itself: program_name, application_name, CLIENT SETNAME. */
  program: string | undefined;
  /** Driver and its version: `mysql-connector-j 9.1.0`. */
  driver: string | undefined;
  serverVersion: string | undefined;
  /** `caching_sha2_password`, `scram-sha-256`, `trust`… */
  authMethod: string | undefined;
  tls: TlsFacts | undefined;
  /** What more the client told of itself: MySQL connection attributes, PostgreSQL startup parameters. */
  attributes: Readonly<Record<string, Parameter>> | undefined;
  /** `mysql`, `mariadb`, `postgresql`, `redis`, `valkey`: `db.system.name`. */
  system: string;
  revision = 0;

  constructor(system: string) {
    this.system = system;
  }

  update(changes: Partial<Omit<SessionFacts, 'revision' | 'update'>>): void {
    Object.assign(this, changes);
    this.revision += 1;
  }
}
