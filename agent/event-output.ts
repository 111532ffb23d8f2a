import { Delivery, type DeliveryOptions } from '../delivery/delivery.ts';
import type { AuditEvent } from './audit-event.ts';
import type { Encoder } from './encode/encoder.ts';
import { JsonWriter } from './encode/json-writer.ts';
import { EventCounts } from './event-counts.ts';

/** Encodes events into lines, right where the sinks will read them. */
export class EventOutput {
  readonly counts = new EventCounts();
  readonly delivery: Delivery;
  readonly #encoder: Encoder;
  readonly #writer = new JsonWriter(0);

  constructor(encoder: Encoder, delivery: DeliveryOptions) {
    this.#encoder = encoder;
    this.delivery = new Delivery(delivery, this.#writer);
  }

  write(event: AuditEvent): void {
    if (!this.delivery.admits()) return;
    this.counts.count(event);
    this.#encoder.encode(event, this.#writer);
    this.delivery.commit();
  }

  /** The producer pauses; settles when there is room for more. */
  flush(): void | Promise<void> {
    return this.delivery.flush();
  }

  /** Settles when every sink has everything and is closed. */
  close(): Promise<void> {
    return this.delivery.close();
  }
}
