/** Encoded events: whole lines of NDJSON, UTF-8. The bytes are only lent until `write` settles. */
export interface EncodedBatch {
  readonly lines: Buffer;
  readonly count: number;
}

/** Takes batches to a receiver. No queue, no retry, no batching in here. */
export interface Sink {
  readonly name: string;
  /** Settles once the batch is safe with the receiver; rejects if any of it is not. */
  write(batch: EncodedBatch): Promise<void>;
  close(): Promise<void>;
}
