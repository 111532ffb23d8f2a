import type { Nanos } from '../../timeline.ts';
import { OK, type Outcome, type Parameter, UNSEEN } from '../activity.ts';

/** A statement that was parsed under a name; '' is the unnamed one, which the next Parse replaces. */
export class Prepared {
  readonly name: string;
  readonly at: Nanos;
  until: Nanos | undefined;
  text: string | undefined;
  textLength = 0;
  textSha256: string | undefined;
  /** The types the client named or the server described; 0: not said. */
  parameterTypes: readonly number[] | undefined;
  /** What came of the Parse. */
  outcome: Outcome = UNSEEN;
  /** An Execute of it was seen, or its Parse was reported. */
  accounted = false;
  /** Used since the last time room was looked for. */
  used = false;
  /** What stood under the name before: stands there again when this Parse fails. */
  replaced: Prepared | undefined;
  requestBytes = 0;
  notes: readonly string[] | undefined;

  constructor(name: string, at: Nanos) {
    this.name = name;
    this.at = at;
  }
}

/** A prepared statement bound to its parameters. */
export class Portal {
  readonly name: string;
  readonly prepared: Prepared;
  readonly at: Nanos;
  readonly parameters: readonly Parameter[] | undefined;
  readonly notes: readonly string[] | undefined;
  /** An Execute of it was seen; the next one fetches more of its rows. */
  executed = false;

  constructor(
    name: string,
    prepared: Prepared,
    at: Nanos,
    parameters: readonly Parameter[] | undefined,
    notes: readonly string[] | undefined,
  ) {
    this.name = name;
    this.prepared = prepared;
    this.at = at;
    this.parameters = parameters;
    this.notes = notes;
  }
}

/** What the client has prepared and bound on one connection, as far as it was seen. */
export class PreparedStatements {
  readonly #limit: number;
  /** Told of each statement that is no longer known. */
  readonly #forgotten: (prepared: Prepared) => void;
  readonly #named = new Map<string, Prepared>();
  readonly #portals = new Map<string, Portal>();
  #unnamed: Prepared | undefined;
  #unnamedPortal: Portal | undefined;
  /** A name has stood for two statements, so after a loss none can be trusted. */
  #namesReused = false;

  constructor(limit: number, forgotten: (prepared: Prepared) => void) {
    this.#limit = limit;
    this.#forgotten = forgotten;
  }

  find(name: string): Prepared | undefined {
    if (name === '') return this.#unnamed;
    const prepared = this.#named.get(name);
    if (prepared !== undefined) prepared.used = true;
    return prepared;
  }

  add(prepared: Prepared): void {
    prepared.replaced = this.find(prepared.name);
    if (prepared.replaced !== undefined) prepared.replaced.replaced = undefined;
    if (prepared.name === '') {
      this.#unnamed = prepared;
      return;
    }
    if (prepared.replaced !== undefined) this.#namesReused = true;
    this.#named.set(prepared.name, prepared);
    if (this.#named.size > this.#limit) this.#makeRoom();
  }

  /** Its Parse succeeded: what it replaced is gone. */
  confirm(prepared: Prepared, at: Nanos): void {
    prepared.outcome = OK;
    prepared.until = at;
    const { replaced } = prepared;
    prepared.replaced = undefined;
    if (replaced !== undefined) this.#forgotten(replaced);
  }

  /** Its Parse failed or was skipped: the server never knew it. */
  undo(prepared: Prepared): void {
    const { replaced } = prepared;
    prepared.replaced = undefined;
    if (this.find(prepared.name) === prepared) {
      if (prepared.name === '') this.#unnamed = replaced;
      else if (replaced === undefined) this.#named.delete(prepared.name);
      else this.#named.set(prepared.name, replaced);
    }
    this.#forgotten(prepared);
  }

  close(name: string): void {
    const prepared = this.find(name);
    if (prepared === undefined) return;
    if (name === '') this.#unnamed = undefined;
    else this.#named.delete(name);
    this.#namesReused ||= name !== '';
    this.#forgotten(prepared);
  }

  /** DEALLOCATE ALL, DISCARD ALL and the end of the session. */
  clear(): void {
    const all = [...this.#named.values()];
    if (this.#unnamed !== undefined) all.push(this.#unnamed);
    this.#named.clear();
    this.#unnamed = undefined;
    this.clearPortals();
    for (const prepared of all) this.#forgotten(prepared);
  }

  /** Bytes of the client were lost; what they may have changed is no longer known. */
  doubt(): void {
    if (this.#namesReused) {
      this.clear();
      return;
    }
    this.clearPortals();
    const unnamed = this.#unnamed;
    this.#unnamed = undefined;
    if (unnamed !== undefined) this.#forgotten(unnamed);
  }

  /** One was executed and it is not known which, so of none can be said that it never was. */
  executedOneOf(): void {
    if (this.#unnamed !== undefined) this.#unnamed.accounted = true;
    for (const prepared of this.#named.values()) prepared.accounted = true;
  }

  portal(name: string): Portal | undefined {
    return name === '' ? this.#unnamedPortal : this.#portals.get(name);
  }

  bind(portal: Portal): void {
    if (portal.name === '') {
      this.#unnamedPortal = portal;
      return;
    }
    if (this.#portals.size >= this.#limit) this.#portals.clear();
    this.#portals.set(portal.name, portal);
  }

  closePortal(name: string): void {
    if (name === '') this.#unnamedPortal = undefined;
    else this.#portals.delete(name);
  }

  /** Portals end with their transaction. */
  clearPortals(): void {
    this.#unnamedPortal = undefined;
    if (this.#portals.size > 0) this.#portals.clear();
  }

  /** Second chance: the first that was not used since the last search goes. */
  #makeRoom(): void {
    for (const [name, prepared] of this.#named) {
      this.#named.delete(name);
      if (!prepared.used) {
        this.#forgotten(prepared);
        return;
      }
      prepared.used = false;
      this.#named.set(name, prepared);
    }
  }
}
