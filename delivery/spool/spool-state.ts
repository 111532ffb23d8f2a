import { CHUNK_BYTES } from './block-walker.ts';
import { FRONT_BYTES, type WriterMemory, writerMemory } from './block-writer.ts';
import type { LedgerState, Rewriting } from './ledger.ts';
import { lineBuffer } from './line-buffer.ts';
import { OrdinalRanges } from './ordinal-ranges.ts';
import { ReadMemory } from './read-memory.ts';
import { RecentBlocks } from './recent-blocks.ts';
import type { Segment } from './segment.ts';
import type { SegmentFiles } from './segment-files.ts';

/** What the parts of one open spool share. Everything that touches files is done by one of them at a time. */
export class SpoolState {
  readonly files: SegmentFiles;
  readonly spool: number;
  readonly segmentBytes: number;
  /** Ascending. */
  segments: Segment[] = [];
  /** Takes appends; the last of the segments. Undefined until there is one. */
  active: Segment | undefined;
  nextNumber = 1;
  next = 0;
  /** Ordinals that were settled, dropped or lost. */
  readonly done = new OrdinalRanges();
  readonly out = new OrdinalRanges();
  unreported = 0;
  clean = false;
  thinned = false;
  rewriting: Rewriting | undefined;
  /** Scratch memory of whoever touches files. */
  readonly chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES);
  readonly lines = lineBuffer();
  readonly front = Buffer.allocUnsafeSlow(FRONT_BYTES);
  /** Lent to readings. */
  readonly readMemory = new ReadMemory();
  readonly recent = new RecentBlocks(this.readMemory);
  #writerMemory: WriterMemory | undefined;

  constructor(files: SegmentFiles, spool: number, segmentBytes: number) {
    this.files = files;
    this.spool = spool;
    this.segmentBytes = segmentBytes;
  }

  get writerMemory(): WriterMemory {
    this.#writerMemory ??= writerMemory();
    return this.#writerMemory;
  }

  get diskBytes(): number {
    return this.segments.reduce((sum, segment) => sum + segment.bytes, 0);
  }

  get pendingEvents(): number {
    return this.segments.reduce((sum, segment) => sum + segment.waitingEvents + segment.outEvents, 0);
  }

  get pendingBytes(): number {
    return this.segments.reduce((sum, segment) => sum + segment.allWaitingBytes + segment.outBytes, 0);
  }

  /** The oldest ordinal that may have a pending event: between it and the first one are none but lost or dropped ones. */
  get oldest(): number {
    const segment = this.segments.find((one) => !one.isSettled);
    return segment === undefined ? this.next : this.done.firstOutside(segment.first);
  }

  /** The segment that answers for an ordinal; of one that nobody answers for, the next. */
  segmentFrom(ordinal: number): Segment | undefined {
    let low = 0;
    let high = this.segments.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.segments[middle]?.end ?? 0) > ordinal) high = middle;
      else low = middle + 1;
    }
    return this.segments[low];
  }

  before(segment: Segment): Segment | undefined {
    return this.segments[this.segments.indexOf(segment) - 1];
  }

  forget(segment: Segment): void {
    this.segments = this.segments.filter((one) => one !== segment);
    if (this.active === segment) this.active = undefined;
  }

  /** For the ledger. */
  snapshot(): LedgerState {
    return {
      spool: this.spool,
      next: this.next,
      unreported: this.unreported,
      clean: this.clean,
      thinned: this.thinned,
      rewriting: this.rewriting,
      done: Array.from({ length: this.done.count }, (_, index) => this.done.at(index)),
    };
  }
}
