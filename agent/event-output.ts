import type { Delivery } from '../delivery/delivery.ts';
import type { AuditEvent } from './audit-event.ts';
import type { Encoder } from './encode/encoder.ts';
import { JsonWriter } from './encode/json-writer.ts';
import { EventCounts } from './event-counts.ts';

/** Encodes events into lines and hands these on, many at once. */
export class EventOutput {
  readonly counts = new EventCounts();
  readonly #encoder: Encoder;
  readonly #delivery: Delivery;
  readonly #line = new JsonWriter();

  constructor(encoder: Encoder, delivery: Delivery) {
    this.#encoder = encoder;
    this.#delivery = delivery;
  }

  write(event: AuditEvent): void {
    this.counts.count(event);
    this.#line.clear();
    this.#encoder.encode(event, this.#line);
    this.#delivery.push(this.#line.bytes, 0, this.#line.length);
  }

  /** Lets the sinks have what has come; settles when there is room for more. */
  flush(): void | Promise<void> {
    return this.#delivery.flush();
  }

  /** Settles when every sink has everything and is closed. */
  close(): Promise<void> {
    return this.#delivery.close();
  }
}
