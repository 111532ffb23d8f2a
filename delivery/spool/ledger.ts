import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { StoreUnavailable } from '../event-store.ts';
import type { OrdinalRange } from './ordinal-ranges.ts';

export const LEDGER_NAME = 'ledger';

const MAGIC = 0x4c_53_44_01;
const CLEAN = 1;
const REWRITING = 2;
const THINNED = 4;
const FIXED_BYTES = 88;
const RANGE_BYTES = 16;
/** More ranges than segments that may stand apart; what is beyond is sent again after a crash. */
const MAX_LEDGER_RANGES = 4096;
/** Each slot has its own pages. Only what is written takes room on the disk. */
const SLOT_BYTES = FIXED_BYTES + MAX_LEDGER_RANGES * RANGE_BYTES + 4096 - (FIXED_BYTES % 4096);

/** A segment that is being written anew without what is dropped: whether that happened is seen from the files. */
export interface Rewriting {
  readonly victim: number;
  /** The segment that takes what is kept: the victim itself, or the one before it. */
  readonly target: number;
  /** The target's length before. */
  readonly targetBytes: number;
  /** The target's generation afterwards. */
  readonly generation: number;
  readonly dropped: number;
}

/** What segments do not tell. */
export interface LedgerState {
  readonly spool: number;
  readonly next: number;
  /** Dropped, and not yet told of by an event that is in the spool. */
  readonly unreported: number;
  readonly clean: boolean;
  /** Events were dropped from segments: an ordinal that is missing need not have been lost. */
  readonly thinned: boolean;
  readonly rewriting: Rewriting | undefined;
  /** Ordinals of events that are settled or dropped. */
  readonly done: readonly OrdinalRange[];
}

export interface FoundLedger {
  readonly state: LedgerState;
  /** The other slot is not the one written just before: this may not be the newest state. */
  readonly doubtful: boolean;
}

/** A file of two slots, written by turns: one of them is always whole. */
export class Ledger {
  #file: FileHandle;
  readonly #snapshot: () => LedgerState;
  #sequence: number;
  #writing: Promise<void> | undefined;
  #waiting: Promise<void> | undefined;
  readonly #scratch = Buffer.allocUnsafeSlow(SLOT_BYTES);

  private constructor(file: FileHandle, sequence: number, snapshot: () => LedgerState) {
    this.#file = file;
    this.#sequence = sequence;
    this.#snapshot = snapshot;
  }

  /** Reads it, or makes it. `snapshot` gives what is to be written at any time after this settled. */
  static async open(
    directory: string,
    mode: number,
    snapshot: () => LedgerState,
  ): Promise<{ ledger: Ledger; found: FoundLedger | undefined }> {
    const file = await openFile(directory, mode);
    try {
      const slots = [await readSlot(file, 0), await readSlot(file, 1)];
      const [newest, other] = slots.filter((slot) => slot !== undefined).sort((a, b) => b.sequence - a.sequence);
      if (newest === undefined) return { ledger: new Ledger(file, 0, snapshot), found: undefined };
      const doubtful = newest.sequence > 1 && other?.sequence !== newest.sequence - 1;
      return { ledger: new Ledger(file, newest.sequence, snapshot), found: { state: newest.state, doubtful } };
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** Goes on in a new file: the one before was taken away. */
  async reopen(directory: string, mode: number): Promise<void> {
    const before = this.#file;
    this.#file = await openFile(directory, mode);
    await before.close();
    await this.write();
  }

  /** Settles when what holds now, or something newer, is in the file. Calls meanwhile share one write. */
  write(): Promise<void> {
    if (this.#writing === undefined) {
      this.#writing = this.#writeOnce().finally(() => {
        this.#writing = undefined;
      });
      return this.#writing;
    }
    this.#waiting ??= this.#writing
      .catch(() => undefined)
      .then(() => {
        this.#waiting = undefined;
        return this.write();
      });
    return this.#waiting;
  }

  sync(): Promise<void> {
    return this.#file.datasync();
  }

  /** Whether the file still has a name. */
  async isThere(): Promise<boolean> {
    return (await this.#file.stat()).nlink > 0;
  }

  async close(): Promise<void> {
    await (this.#waiting ?? this.#writing)?.catch(() => undefined);
    await this.#file.close();
  }

  async #writeOnce(): Promise<void> {
    this.#sequence += 1;
    const length = encode(this.#scratch, this.#sequence, this.#snapshot());
    const { bytesWritten } = await this.#file.write(this.#scratch, 0, length, (this.#sequence % 2) * SLOT_BYTES);
    if (bytesWritten < length) throw new StoreUnavailable('spool: the disk is full');
  }
}

async function openFile(directory: string, mode: number): Promise<FileHandle> {
  const path = join(directory, LEDGER_NAME);
  const flags = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const file = await open(path, flags, mode);
  if ((await file.stat()).isFile()) return file;
  await file.close();
  throw new StoreUnavailable(`spool ${path}: it is not a regular file`);
}

interface Slot {
  readonly sequence: number;
  readonly state: LedgerState;
}

function encode(target: Buffer, sequence: number, state: LedgerState): number {
  const { rewriting } = state;
  const count = Math.min(state.done.length, MAX_LEDGER_RANGES);
  target.writeUInt32LE(MAGIC, 0);
  target.writeUInt32LE(count, 8);
  target.writeUInt32LE(state.spool, 12);
  target.writeDoubleLE(sequence, 16);
  target.writeDoubleLE(state.next, 24);
  target.writeDoubleLE(state.unreported, 32);
  target.writeUInt32LE(
    (state.clean ? CLEAN : 0) | (state.thinned ? THINNED : 0) | (rewriting === undefined ? 0 : REWRITING),
    40,
  );
  target.writeUInt32LE(rewriting?.generation ?? 0, 44);
  target.writeDoubleLE(rewriting?.victim ?? 0, 48);
  target.writeDoubleLE(rewriting?.target ?? 0, 56);
  target.writeDoubleLE(rewriting?.targetBytes ?? 0, 64);
  target.writeDoubleLE(rewriting?.dropped ?? 0, 72);
  target.writeDoubleLE(0, 80);
  for (let index = 0; index < count; index++) {
    const range = state.done[index] ?? { start: 0, end: 0 };
    target.writeDoubleLE(range.start, FIXED_BYTES + index * RANGE_BYTES);
    target.writeDoubleLE(range.end, FIXED_BYTES + index * RANGE_BYTES + 8);
  }
  const length = FIXED_BYTES + count * RANGE_BYTES;
  target.writeUInt32LE(crc32(target.subarray(8, length)), 4);
  return length;
}

async function readSlot(file: FileHandle, slot: number): Promise<Slot | undefined> {
  const buffer = Buffer.allocUnsafe(SLOT_BYTES);
  const { bytesRead } = await file.read(buffer, 0, SLOT_BYTES, slot * SLOT_BYTES);
  return decode(buffer.subarray(0, bytesRead));
}

function decode(source: Buffer): Slot | undefined {
  if (source.length < FIXED_BYTES || source.readUInt32LE(0) !== MAGIC) return undefined;
  const count = source.readUInt32LE(8);
  const length = FIXED_BYTES + count * RANGE_BYTES;
  if (length > source.length || crc32(source.subarray(8, length)) !== source.readUInt32LE(4)) return undefined;
  const flags = source.readUInt32LE(40);
  const rewriting = {
    generation: source.readUInt32LE(44),
    victim: source.readDoubleLE(48),
    target: source.readDoubleLE(56),
    targetBytes: source.readDoubleLE(64),
    dropped: source.readDoubleLE(72),
  };
  const done = Array.from({ length: count }, (_, index) => ({
    start: source.readDoubleLE(FIXED_BYTES + index * RANGE_BYTES),
    end: source.readDoubleLE(FIXED_BYTES + index * RANGE_BYTES + 8),
  }));
  return {
    sequence: source.readDoubleLE(16),
    state: {
      spool: source.readUInt32LE(12),
      next: source.readDoubleLE(24),
      unreported: source.readDoubleLE(32),
      clean: (flags & CLEAN) !== 0,
      thinned: (flags & THINNED) !== 0,
      rewriting: (flags & REWRITING) === 0 ? undefined : rewriting,
      done,
    },
  };
}
