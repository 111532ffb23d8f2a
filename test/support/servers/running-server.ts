/** What a client needs to reach a server, and nothing about how it was started. */
export interface ServerAddress {
  readonly host: '127.0.0.1';
  readonly port: number;
  /** May do anything in `database`; logs in with `password`. */
  readonly user: string;
  readonly password: string;
  readonly database: string;
}

/** Names as the agent uses them (`db.system.name` of a MariaDB is `mariadb` or `mysql`, its protocol is `mysql`). */
export type ServerProtocol = 'mysql' | 'postgresql' | 'redis';

/** What a server itself counted or logged of its clients on TCP, between two moments. */
export interface ServerLedger {
  /** One entry a statement, with its parameters bound where the server logs them so (`statement-key.ts`). */
  readonly statements: readonly string[];
  /** `user ok` or `user failed`, one entry an attempt to log in. */
  readonly logins: readonly string[];
}

/** A real server on a free loopback port, with everything it writes in a temporary directory of its own. */
export interface RunningServer extends ServerAddress {
  /** `mariadb-10.11`: family and version. */
  readonly name: string;
  readonly protocol: ServerProtocol;
  readonly pid: number;
  /** Runs administrative SQL or commands on a path the agent does not see (a Unix socket), or before it looks. */
  administer(statements: readonly string[]): Promise<void>;
  /** From here on the ledger counts. */
  openLedger(): Promise<void>;
  /** What came since `openLedger`. Call it after the clients have closed their connections. */
  readLedger(): Promise<ServerLedger>;
  /** Ends the process and removes its directory; safe to call twice. */
  stop(): Promise<void>;
}
