/** Tables named in one statement. More are not listed: an event is a record, not a copy of the schema. */
const MAX_TABLES = 32;
/** Three identifiers of PostgreSQL's longest (63 bytes) and more; a longer name is cut. */
const MAX_NAME_LENGTH = 256;

/** In order of appearance, each once, without the names that the statement itself defines. */
export class TableList {
  readonly #tables: string[] = [];
  readonly #defined = new Set<string>();

  get tables(): readonly string[] {
    return this.#tables;
  }

  /** `qualified`: with a schema, so that it cannot be a common table expression. */
  add(name: string, qualified: boolean): void {
    if (name === '' || this.#tables.length === MAX_TABLES) return;
    if (!qualified && this.#defined.has(name.toLowerCase())) return;
    const kept = detached(name.slice(0, MAX_NAME_LENGTH));
    if (!this.#tables.includes(kept)) this.#tables.push(kept);
  }

  remove(name: string): void {
    const index = this.#tables.indexOf(name);
    if (index >= 0) this.#tables.splice(index, 1);
  }

  /** From here on the name means a common table expression. */
  define(name: string): void {
    if (this.#defined.size < MAX_TABLES) this.#defined.add(name.toLowerCase());
  }

  forgetDefined(): void {
    this.#defined.clear();
  }
}

/** A copy of its own: a slice would keep the whole statement in memory for as long as its shape is remembered. */
function detached(name: string): string {
  return Buffer.from(name, 'utf16le').toString('utf16le');
}
