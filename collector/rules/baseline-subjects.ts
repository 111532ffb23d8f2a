import * as z from 'zod';

/** So many days without it, and something is new again. */
const FORGOTTEN_AFTER_DAYS = 90;

const days = z.record(z.string(), z.int());
const subjectSchema = z.strictObject({ since: z.int(), seen: days });
export const subjectsSchema = z.record(z.string(), subjectSchema);
type StoredSubject = z.infer<typeof subjectSchema>;

interface Subject {
  /** The first day. */
  readonly since: number;
  /** The last day of each thing. */
  readonly seen: Map<string, number>;
}

export interface SubjectLimits {
  /** Accounts, or workloads, at most; further ones are not watched. */
  readonly subjects: number;
  /** Things of one at most; one that has more has no usual ones, and nothing is new for it. */
  readonly things: number;
  /** Of all together; beyond it nothing is new. A thing takes about 100 bytes. */
  readonly total: number;
}

export type Novelty = 'new' | 'learning' | undefined;

/**
 * What each subject has done before, by days since 1970: an account's tables, a workload's statements. Bounded by never
 * forgetting one thing for another: what was forgotten would be new again, and alarm.
 */
export class SubjectMemory {
  readonly #subjects = new Map<string, Subject>();
  readonly #limits: SubjectLimits;
  readonly #learningDays: number;
  #total = 0;
  /** Subjects that there was no room for. */
  unwatched = 0;

  constructor(limits: SubjectLimits, learningDays: number, stored: Readonly<Record<string, StoredSubject>>) {
    this.#limits = limits;
    this.#learningDays = learningDays;
    for (const [name, { since, seen }] of Object.entries(stored).slice(0, limits.subjects)) {
      const room = Math.min(limits.things, limits.total - this.#total);
      const things = Object.entries(seen).slice(0, room);
      this.#total += things.length;
      this.#subjects.set(name, { since, seen: new Map(things) });
    }
  }

  /** Whether `subject` does `thing` for the first time; from now on it has. */
  see(subject: string, thing: string, day: number): Novelty {
    const known = this.#subjects.get(subject) ?? this.#add(subject, day);
    if (known === undefined) return undefined;
    const { seen, since } = known;
    const last = seen.get(thing);
    if (last === undefined) {
      if (seen.size >= this.#limits.things || this.#total >= this.#limits.total) return undefined;
      this.#total += 1;
    }
    if (last === undefined || last < day) seen.set(thing, day);
    if (last !== undefined && day - last <= FORGOTTEN_AFTER_DAYS) return undefined;
    return day - since < this.#learningDays ? 'learning' : 'new';
  }

  /** Lets go of what was not seen for long, and gives the rest to be kept. */
  toJSON(today: number): Readonly<Record<string, StoredSubject>> {
    const stored: Record<string, StoredSubject> = {};
    for (const [name, { since, seen }] of this.#subjects) {
      for (const [thing, day] of seen) {
        if (today - day > FORGOTTEN_AFTER_DAYS && seen.delete(thing)) this.#total -= 1;
      }
      if (seen.size === 0) this.#subjects.delete(name);
      else stored[name] = { since, seen: Object.fromEntries(seen) };
    }
    return stored;
  }

  #add(name: string, day: number): Subject | undefined {
    if (this.#subjects.size >= this.#limits.subjects) {
      this.unwatched += 1;
      return undefined;
    }
    const subject: Subject = { since: day, seen: new Map() };
    this.#subjects.set(name, subject);
    return subject;
  }
}
