import { Delivery, type DeliveryOptions, type LostAtClose } from '../delivery/delivery.ts';
import type { SinkStatus } from '../delivery/sink-status.ts';
import type { AuditEvent } from './audit-event.ts';
import { deliveryClassOf } from './encode/delivery-class.ts';
import type { Encoder, EventNumbers } from './encode/encoder.ts';
import { JsonWriter } from './encode/json-writer.ts';
import { EventCounts } from './event-counts.ts';

/** One format, and the sinks that want it. */
export interface FormatOutput {
  readonly encoder: Encoder;
  readonly delivery: DeliveryOptions;
}

/** Numbers events and encodes them into lines, once for each format, right where the sinks will read them. */
export class EventOutput {
  readonly counts = new EventCounts();
  readonly #outputs: readonly { readonly encoder: Encoder; readonly writer: JsonWriter; readonly delivery: Delivery }[];
  /** One object for all events: they are many. */
  readonly #numbers: { -readonly [Name in keyof EventNumbers]: EventNumbers[Name] } = { sequence: 0, index: 0 };
  #sequence = 0;

  constructor(formats: readonly FormatOutput[]) {
    this.#outputs = formats.map(({ encoder, delivery }) => {
      const writer = new JsonWriter(0);
      return { encoder, writer, delivery: new Delivery(delivery, writer) };
    });
  }

  /** Nothing is sent, and no loss of an earlier agent is reported, before. */
  start(): void {
    for (const { delivery } of this.#outputs) delivery.start();
  }

  /** How each sink fares. */
  get statuses(): readonly SinkStatus[] {
    return this.#outputs.flatMap(({ delivery }) => delivery.statuses);
  }

  write(event: AuditEvent): void {
    const { session } = event;
    this.#numbers.sequence = this.#sequence++;
    this.#numbers.index = session === undefined ? 0 : session.eventCount++;
    this.counts.count(event);
    const classNumber = deliveryClassOf(event);
    for (const { encoder, writer, delivery } of this.#outputs) {
      encoder.encode(event, this.#numbers, writer);
      delivery.commit(classNumber);
    }
  }

  /** Everything written up to now; for `isKept`. */
  mark(): readonly (readonly number[])[] {
    return this.#outputs.map(({ delivery }) => delivery.mark());
  }

  /** Whether no sink has anything up to the mark in memory alone. */
  isKept(mark: readonly (readonly number[])[]): boolean {
    return this.#outputs.every(({ delivery }, index) => delivery.isKept(mark[index] ?? []));
  }

  /** The producer pauses; settles when there is room for more. */
  flush(): void | Promise<void> {
    const [first, ...others] = this.#outputs.flatMap(({ delivery }) => delivery.flush() ?? []);
    return first === undefined ? undefined : Promise.all([first, ...others]).then(() => undefined);
  }

  /** Settles when every sink has everything, or the deadline passed, and all is closed; with what is lost by that. */
  async close(deadline: AbortSignal): Promise<readonly LostAtClose[]> {
    return (await Promise.all(this.#outputs.map(({ delivery }) => delivery.close(deadline)))).flat();
  }
}
