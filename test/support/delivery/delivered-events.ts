import * as z from 'zod';
import { numberOfText } from './paced-load.ts';

/** What of an event counts here. */
const deliveredSchema = z.looseObject({
  event: z.looseObject({ id: z.string(), sequence: z.int(), action: z.string(), reason: z.string().optional() }),
  db: z.looseObject({ query: z.looseObject({ text: z.string().optional() }).optional() }).optional(),
  dbaudit: z.looseObject({
    session: z.looseObject({ id: z.string() }).optional(),
    capture: z.looseObject({ gap_events: z.int().optional() }),
  }),
});

const SESSION_ID = /^[0-9a-f]{32}$/;

/** Gap events of one reason. */
interface Gaps {
  events: number;
  /** Of lost events, as the gap events say. */
  lost: number;
}

/** Everything that a receiver has been given, however often: the one side of the comparison. */
export class DeliveredEvents {
  lines = 0;
  /** Of the load's commands. */
  readonly numbers = new Set<number>();
  readonly gaps = new Map<string, Gaps>();
  readonly #ids = new Set<string>();
  readonly #commandIds = new Set<string>();
  /** By session; the agent's own events by the agent's instance, with which their ids begin. */
  readonly #sequences = new Map<string, Set<number>>();
  readonly #numberOfSession = new Map<string, number>();

  /** One line, with or without its end. Throws where it is no event. */
  addLine(line: Buffer): void {
    this.add(JSON.parse(line.toString()));
  }

  /** A line's object. Throws where it is no event. */
  add(object: unknown): void {
    this.lines += 1;
    const { event, db, dbaudit } = deliveredSchema.parse(object);
    if (this.#ids.has(event.id)) return;
    this.#ids.add(event.id);
    const source = dbaudit.session?.id ?? event.id.slice(0, event.id.lastIndexOf('-'));
    const number = numberOfText(db?.query?.text ?? '');
    if (number !== undefined) {
      this.numbers.add(number);
      this.#commandIds.add(event.id);
      this.#numberOfSession.set(source, number);
    }
    if (event.action === 'db.gap') {
      const gaps = this.gaps.get(event.reason ?? '') ?? { events: 0, lost: 0 };
      gaps.events += 1;
      gaps.lost += dbaudit.capture.gap_events ?? 0;
      this.gaps.set(event.reason ?? '', gaps);
    }
    const sequences = this.#sequences.get(source);
    if (sequences === undefined) this.#sequences.set(source, new Set([event.sequence]));
    else sequences.add(event.sequence);
  }

  /** Events, each once. */
  get unique(): number {
    return this.#ids.size;
  }

  /** What a receiver removes by id. */
  get duplicates(): number {
    return this.lines - this.#ids.size;
  }

  /** Events of the load's commands, each id once; equal to `numbers.size` where no command has two ids. */
  get commandEvents(): number {
    return this.#commandIds.size;
  }

  /** How many of these never came. */
  missingOf(ids: ReadonlySet<string>): number {
    return [...ids].filter((id) => !this.#ids.has(id)).length;
  }

  /** Of one agent alone: sequence numbers from 0 to the highest that never came. */
  get missingSequences(): number {
    let highest = -1;
    let count = 0;
    for (const sequences of this.#sequences.values()) {
      count += sequences.size;
      for (const sequence of sequences) if (sequence > highest) highest = sequence;
    }
    return highest + 1 - count;
  }

  /**
   * Sequence numbers by agent. `roundOfCommand` gives the round in which a command was made, `roundOfInstance` that of an
   * agent's instance id, for the agent's own events. For loads that open their connections anew for each agent.
   */
  sequencesByRound(
    roundOfCommand: (number: number) => number,
    roundOfInstance: (instanceId: string) => number,
  ): ReadonlyMap<number, ReadonlySet<number>> {
    const rounds = new Map<number, Set<number>>();
    for (const [source, sequences] of this.#sequences) {
      const number = this.#numberOfSession.get(source);
      if (number === undefined && SESSION_ID.test(source)) continue; // a connection that has asked nothing
      const round = number === undefined ? roundOfInstance(source) : roundOfCommand(number);
      const known = rounds.get(round);
      if (known === undefined) rounds.set(round, new Set(sequences));
      else for (const sequence of sequences) known.add(sequence);
    }
    return rounds;
  }
}
