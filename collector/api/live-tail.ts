import type { AuditEvent } from '../../contract/audit-event.ts';
import type { Observer } from '../intake.ts';
import { Problem } from './problem.ts';

/** Each looks at every event: 50 of them at 20,000 events a second are a million tests. */
const MAX_READERS = 50;

type Listener = (events: readonly AuditEvent[]) => void;

/** Gives each event, once it is durable, to whoever reads along. */
export class LiveTail {
  readonly #listeners = new Set<Listener>();

  /** For the Intake. */
  readonly observe: Observer = (events) => {
    for (const listen of this.#listeners) listen(events);
  };

  /**
   * `listen` never throws and never waits. Gives what ends it.
   * @throws Problem where too many read along
   */
  listen(listen: Listener): () => void {
    if (this.#listeners.size >= MAX_READERS)
      throw new Problem(429, 'DBA5006', `${MAX_READERS} already read along`, { afterSeconds: 30 });
    this.#listeners.add(listen);
    return () => void this.#listeners.delete(listen);
  }
}
