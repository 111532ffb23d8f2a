import { type Batch, joinLines } from '../../../delivery/batch.ts';
import type { LineWriter } from '../../../delivery/batcher.ts';
import { classNumber, type EventClass } from '../../../delivery/event-class.ts';

/** An event that can be told from all others, of a given size. */
export interface NumberedEvent {
  readonly number: number;
  readonly eventClass: EventClass;
  /** Of its line, newline included; a line is never shorter than its number takes. */
  readonly bytes: number;
}

/** What differs in each byte from the lines before and behind it, so that memory used too early shows. */
export function numberedLine({ number, eventClass, bytes }: NumberedEvent): Buffer {
  const head = `${number} ${eventClass} `;
  const filler = String.fromCharCode(0x61 + (number % 26));
  return Buffer.from(`${head.padEnd(bytes - 1, filler)}\n`);
}

export function numberedBatch(events: readonly NumberedEvent[]): Batch {
  return joinLines(events.map((event) => ({ line: numberedLine(event), classNumber: classNumber(event.eventClass) })));
}

/** The lines of a batch as text, without their newlines. */
export function linesOf({ bytes }: Batch): string[] {
  return bytes.length === 0 ? [] : bytes.toString().trimEnd().split('\n');
}

export function numberOf(line: string): number {
  return Number.parseInt(line, 10);
}

export function numbersOf(batch: Batch): number[] {
  return linesOf(batch).map(numberOf);
}

/** Lines as they are, behind one another. */
export class PlainWriter implements LineWriter {
  bytes: Buffer = Buffer.alloc(0);
  length = 0;

  use(buffer: Buffer): void {
    this.bytes = buffer;
    this.length = 0;
  }

  write(line: Buffer): void {
    if (this.length + line.length > this.bytes.length) {
      this.bytes = Buffer.concat([this.bytes.subarray(0, this.length), line]);
    } else line.copy(this.bytes, this.length);
    this.length += line.length;
  }
}
