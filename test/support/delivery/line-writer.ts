import type { LineWriter } from '../../../delivery/batcher.ts';
import type { EventLines } from './event-lines.ts';

/** Grows by so much when a line does not fit. */
const GROWTH_BYTES = 65_536;

/** Puts lines that are there already where the agent's encoder would write them. */
export class ReadyLineWriter implements LineWriter {
  bytes: Buffer = Buffer.alloc(0);
  length = 0;

  use(buffer: Buffer): void {
    this.bytes = buffer;
    this.length = 0;
  }

  writeLine(line: Buffer): void {
    this.#makeRoom(line.length);
    line.copy(this.bytes, this.length);
    this.length += line.length;
  }

  writeNumber(lines: EventLines, number: number): void {
    this.#makeRoom(lines.lengthOf(number));
    this.length = lines.write(number, this.bytes, this.length);
  }

  #makeRoom(bytes: number): void {
    if (this.length + bytes <= this.bytes.length) return;
    const larger = Buffer.alloc(this.length + bytes + GROWTH_BYTES);
    this.bytes.copy(larger, 0, 0, this.length);
    this.bytes = larger;
  }
}
