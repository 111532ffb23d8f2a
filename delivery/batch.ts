/** Encoded events: whole lines of NDJSON in UTF-8, one behind the other. Never changed once it is made. */
export interface Batch {
  /** The lines and nothing else; each ends with its newline. Only lent to whoever is handed the batch. */
  readonly bytes: Buffer;
  /** Where each line ends, its newline included; ascending, the last is `bytes.length`. */
  readonly ends: Uint32Array;
  /** Each line's number in EVENT_CLASSES. */
  readonly classes: Uint8Array;
}

/** The most a receiver takes at once. A single line longer than `bytes` is a batch of its own. */
export interface BatchLimits {
  readonly events: number;
  readonly bytes: number;
}

/** Of a sink that takes whatever it is given. */
export const NO_LIMITS: BatchLimits = { events: Number.POSITIVE_INFINITY, bytes: Number.POSITIVE_INFINITY };

export function countOf(batch: Batch): number {
  return batch.ends.length;
}

/** Where the line begins: behind the one before it. */
export function startOf(batch: Batch, index: number): number {
  return index === 0 ? 0 : (batch.ends[index - 1] ?? 0);
}

/** One line with its newline; the same memory. */
export function lineOf(batch: Batch, index: number): Buffer {
  return batch.bytes.subarray(startOf(batch, index), batch.ends[index]);
}

/** The lines from `from` up to, not including, `to`; the same memory. */
export function sliceOf(batch: Batch, from: number, to: number): Batch {
  const start = startOf(batch, from);
  const end = to === 0 ? 0 : (batch.ends[to - 1] ?? batch.bytes.length);
  return {
    bytes: batch.bytes.subarray(start, end),
    ends: batch.ends.subarray(from, to).map((lineEnd) => lineEnd - start),
    classes: batch.classes.subarray(from, to),
  };
}

/** The lines for which `keeps` holds, in fresh memory. */
export function filterOf(batch: Batch, keeps: (index: number) => boolean): Batch {
  const kept: number[] = [];
  for (let index = 0; index < batch.ends.length; index++) if (keeps(index)) kept.push(index);
  return joinLines(kept.map((index) => ({ line: lineOf(batch, index), classNumber: batch.classes[index] ?? 0 })));
}

/** A batch of these lines, in fresh memory. */
export function joinLines(lines: readonly { readonly line: Buffer; readonly classNumber: number }[]): Batch {
  const bytes = Buffer.concat(lines.map(({ line }) => line));
  const ends = new Uint32Array(lines.length);
  let end = 0;
  lines.forEach(({ line }, index) => {
    end += line.length;
    ends[index] = end;
  });
  return { bytes, ends, classes: Uint8Array.from(lines, ({ classNumber }) => classNumber) };
}

/** One batch after the other as a single one, in fresh memory. */
export function concatBatches(batches: readonly Batch[]): Batch {
  const bytes = Buffer.concat(batches.map((batch) => batch.bytes));
  const count = batches.reduce((sum, batch) => sum + batch.ends.length, 0);
  const ends = new Uint32Array(count);
  const classes = new Uint8Array(count);
  let at = 0;
  let offset = 0;
  for (const batch of batches) {
    classes.set(batch.classes, at);
    for (const end of batch.ends) ends[at++] = end + offset;
    offset += batch.bytes.length;
  }
  return { bytes, ends, classes };
}
