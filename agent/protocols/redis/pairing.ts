import type { Side } from '../../tcp/byte-stream.ts';
import { NANOS_PER_MILLI, type Nanos } from '../../timeline.ts';

/** So many times in a row the client has waited for all answers before it spoke again: it is one that does. */
const LOCKSTEP_TURNS = 2;
/** Neither side has said a word for so long: whatever was asked is answered, unless it was asked to wait. */
const QUIET_NANOS = 500 * NANOS_PER_MILLI;

/**
 * Whether it is certain which answer belongs to which request. RESP numbers neither, so that after a loss nobody can
 * tell how many answers are still to come. A wrong pair is worse than none: it is certain again only when a client that
 * was always seen to wait for its answers speaks after the server has, or after a silence of both.
 */
export class Pairing {
  #certain = true;
  /** Turns in a row that the client began with nothing unanswered. */
  #turns: number;
  /** In mid-stream requests may be open that were never seen. A client that waits for its answers has none. */
  #proven: boolean;
  #serverSpoke = false;
  #lastAt: Nanos = 0;
  /** Turns to be let pass: the one that was hit may still go on. */
  #turnsToLet = 0;
  /** Something unanswered may take longer than any silence. */
  #waiting = false;

  constructor(fromStart: boolean) {
    this.#proven = fromStart;
    this.#turns = fromStart ? 0 : LOCKSTEP_TURNS;
  }

  get certain(): boolean {
    return this.#certain;
  }

  serverSpeaks(at: Nanos): void {
    this.#serverSpoke = true;
    this.#lastAt = at;
  }

  /**
   * The client is about to speak with `open` requests unanswered; `ready` where it begins a request, and the server
   * stands between two answers as far as known. Gives back what changes by it.
   */
  clientSpeaks(at: Nanos, open: number, ready: boolean): 'lost' | 'regained' | undefined {
    const turn = this.#serverSpoke;
    const quiet = at - this.#lastAt >= QUIET_NANOS && !this.#waiting;
    this.#serverSpoke = false;
    this.#lastAt = at;
    const answered = open === 0 && ready;
    if (!this.#certain) {
      if (!answered || !((turn && this.#mayTakeTurn()) || quiet)) return undefined;
      this.#certain = true;
      this.#proven ||= quiet;
      this.#waiting = false;
      return 'regained';
    }
    if (!turn) return undefined;
    if (answered) {
      this.#turns += 1;
      this.#proven = true;
      return undefined;
    }
    this.#turns = 0;
    if (this.#proven || open === 0) return undefined;
    this.lose('client', open);
    return 'lost';
  }

  /** Bytes of one side are missing, or an answer came that nobody had asked for. */
  lose(from: Side, open: number): void {
    this.#certain = false;
    this.#serverSpoke = from === 'server';
    this.#turnsToLet = from === 'client' || open > 1 ? 1 : 0;
  }

  /** A request that waits for something to happen will not be paired with its answer. */
  leaveWaiting(): void {
    this.#waiting = true;
  }

  #mayTakeTurn(): boolean {
    this.#turnsToLet -= 1;
    return this.#turnsToLet < 0 && this.#turns >= LOCKSTEP_TURNS;
  }
}
