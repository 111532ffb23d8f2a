import type { OpenStatement } from './open-statement.ts';
import type { Portal, Prepared } from './prepared-statements.ts';

/** What the server owes an answer for, in the order it will answer. `lost`: here the client said something unseen. */
export type RequestKind =
  | 'none'
  | 'parse'
  | 'bind'
  | 'describe'
  | 'execute'
  | 'close'
  | 'sync'
  | 'query'
  | 'function'
  | 'lost';

/** One request; reused, so only valid until it is taken off. */
interface Request {
  kind: RequestKind;
  prepared: Prepared | undefined;
  portal: Portal | undefined;
  /** Undefined also where it was reported before its answer came. */
  statement: OpenStatement | undefined;
  /** Text and values it holds on to. */
  keptBytes: number;
}

const FIRST_CAPACITY = 16;
/** A pipeline this deep holds some MiB here; deeper than the sockets' buffers of both hosts can be. */
const MAX_REQUESTS = 65_536;
/** What a pipeline of large values may hold here; a client that waits for answers has one message. */
const MAX_KEPT_BYTES = 4 * 1024 * 1024;

function emptyRequest(): Request {
  return { kind: 'none', prepared: undefined, portal: undefined, statement: undefined, keptBytes: 0 };
}

const NONE: Readonly<Request> = Object.freeze(emptyRequest());

/** The requests without a complete answer: a ring that grows, and is reused without allocating. */
export class PendingRequests {
  #ring: Request[] = [];
  #mask = -1;
  #head = 0;
  #tail = 0;
  /** Nothing before this still holds a statement. */
  #oldestOpen = 0;
  #openStatements = 0;
  #keptBytes = 0;
  /** How many of them end with a ReadyForQuery. */
  syncPoints = 0;

  get length(): number {
    return this.#tail - this.#head;
  }

  get full(): boolean {
    return this.length >= MAX_REQUESTS || this.#keptBytes > MAX_KEPT_BYTES;
  }

  get openStatements(): number {
    return this.#openStatements;
  }

  /** The request whose answer comes next; kind `none` where none is awaited. */
  get first(): Readonly<Request> {
    return this.#slot(this.#head) ?? NONE;
  }

  add(
    kind: RequestKind,
    prepared: Prepared | undefined,
    portal: Portal | undefined,
    statement: OpenStatement | undefined,
    keptBytes: number,
  ): void {
    if (this.length > this.#mask) this.#grow();
    const request = this.#ring[this.#tail & this.#mask];
    if (request === undefined) return;
    request.kind = kind;
    request.prepared = prepared;
    request.portal = portal;
    request.statement = statement;
    request.keptBytes = keptBytes;
    this.#keptBytes += keptBytes;
    this.#tail += 1;
    if (statement !== undefined) this.#openStatements += 1;
    if (endsWithReady(kind)) this.syncPoints += 1;
  }

  /** Takes the first request off. */
  drop(): void {
    const request = this.#slot(this.#head);
    if (request === undefined) return;
    if (request.statement !== undefined) this.#openStatements -= 1;
    if (endsWithReady(request.kind)) this.syncPoints -= 1;
    this.#keptBytes -= request.keptBytes;
    release(request);
    this.#head += 1;
  }

  /** Takes the oldest open statement away from its request, which stays: its answer will still come. */
  takeOldestStatement(): OpenStatement | undefined {
    this.#oldestOpen = Math.max(this.#oldestOpen, this.#head);
    for (; this.#oldestOpen < this.#tail; this.#oldestOpen += 1) {
      const request = this.#slot(this.#oldestOpen);
      const statement = request?.statement;
      if (request === undefined || statement === undefined) continue;
      request.statement = undefined;
      this.#openStatements -= 1;
      return statement;
    }
    return undefined;
  }

  /** The first request's statement was reported before all of its answer came. */
  takeFirstStatement(): OpenStatement | undefined {
    this.#oldestOpen = this.#head;
    return this.first.statement === undefined ? undefined : this.takeOldestStatement();
  }

  /** In copy-in mode the server ignores Sync: those already sent will have no answer. */
  dropSyncs(): void {
    const kept: Request[] = [];
    while (this.length > 0) {
      const request = this.first;
      if (request.kind !== 'sync') kept.push({ ...request });
      this.drop();
    }
    for (const { kind, prepared, portal, statement, keptBytes } of kept) {
      this.add(kind, prepared, portal, statement, keptBytes);
    }
  }

  #slot(index: number): Request | undefined {
    return index < this.#tail ? this.#ring[index & this.#mask] : undefined;
  }

  #grow(): void {
    const capacity = Math.max(FIRST_CAPACITY, this.#ring.length * 2);
    const grown: Request[] = [];
    for (let index = this.#head; index < this.#tail; index += 1) {
      const request = this.#ring[index & this.#mask];
      if (request !== undefined) grown.push(request);
    }
    this.#oldestOpen = Math.max(0, this.#oldestOpen - this.#head);
    this.#tail = grown.length;
    this.#head = 0;
    while (grown.length < capacity) grown.push(emptyRequest());
    this.#ring = grown;
    this.#mask = capacity - 1;
  }
}

function endsWithReady(kind: RequestKind): boolean {
  return kind === 'sync' || kind === 'query' || kind === 'function';
}

/** What is done holds on to nothing. */
function release(request: Request): void {
  request.kind = 'none';
  request.prepared = undefined;
  request.portal = undefined;
  request.statement = undefined;
}
