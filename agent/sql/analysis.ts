/** `dbaudit.statement.class`, pgAudit's words. https://github.com/pgaudit/pgaudit */
export type StatementClass = 'READ' | 'WRITE' | 'DDL' | 'ROLE' | 'FUNCTION' | 'MISC';

/** How much of a statement's text may leave the agent. `secrets`: credentials masked; `literals`: every literal too; `none`: credentials masked all the same. */
export type Redaction = 'secrets' | 'literals' | 'none';

/** What one pass of the lexer over a statement finds. */
export interface SqlAnalysis {
  /** First keyword that says what is done, upper case: `SELECT`, `INSERT`, `CREATE TABLE`. Undefined: no statement in the text. */
  readonly operation: string | undefined;
  readonly statementClass: StatementClass;
  /** As written, quotes removed, in order of appearance, each once. */
  readonly tables: readonly string[];
  /** `SELECT orders`, at most 255 characters. OpenTelemetry's db.query.summary. */
  readonly summary: string;
  /** 16 hex digits over the text with literals, case and white space taken out. */
  readonly fingerprint: string;
  /** The text as it may leave the agent. The same string as was given where nothing had to be masked. */
  readonly text: string;
  readonly maskedSecrets: number;
  readonly maskedLiterals: number;
  /** Indexes of placeholders (`?`, `$1`, from 0) that stand where a credential stands. */
  readonly secretParameters: readonly number[];
  /** The credentials that were masked, as they stood in the text: for taking them out of error messages. Never encoded. */
  readonly secrets: readonly string[];
}
