import { type DuckDBDataChunk, DuckDBTypeId, type DuckDBValue } from '@duckdb/node-api';
import duckdb from '@duckdb/node-bindings';

/**
 * Fills chunks as `DuckDBDataChunk.setRows` does, for a quarter of its time: each text crosses over to DuckDB once in a
 * column, however often it is there, and a column without values at all is said to be so at once.
 */

/** Rows of a chunk: DuckDB's own unit. */
export const CHUNK_ROWS = 2_048;

/** A text in a vector is 16 bytes: its length, and either itself or where it is. https://duckdb.org/docs/stable/clients/c/vector */
const TEXT_WORDS = 2;
const TEXT_BYTES = 16;
/** DuckDB has one bit for each row, in words of 64. */
const VALIDITY_BITS = 64;
const VALIDITY_BYTES = 8;
const MASK_BITS = 32;

/** Of the column at hand: bit set where there is a value. */
const validity = new Uint32Array(CHUNK_ROWS / MASK_BITS);
/** Of the column at hand: what its vector has. */
const texts = new BigUint64Array(CHUNK_ROWS * TEXT_WORDS);

/** At most CHUNK_ROWS rows, each with a value for every column. */
export function fillChunk(chunk: DuckDBDataChunk, rows: readonly (readonly DuckDBValue[])[]): void {
  chunk.rowCount = rows.length;
  for (let column = 0; column < chunk.columnCount; column += 1) fillColumn(chunk, column, rows);
}

function fillColumn(chunk: DuckDBDataChunk, column: number, rows: readonly (readonly DuckDBValue[])[]): void {
  const raw = duckdb.data_chunk_get_vector(chunk.chunk, column);
  const values = markValues(column, rows);
  if (values > 0) {
    const vector = chunk.getColumnVector(column);
    if (vector.type.typeId !== DuckDBTypeId.VARCHAR) {
      for (let row = 0; row < rows.length; row += 1) vector.setItem(row, rows[row]?.[column] ?? null);
      vector.flush();
      return;
    }
    fillTexts(raw, column, rows);
  }
  if (values < rows.length) writeValidity(raw, rows.length);
}

/** Sets `validity`, and gives the number of values. */
function markValues(column: number, rows: readonly (readonly DuckDBValue[])[]): number {
  let values = 0;
  for (let from = 0; from < rows.length; from += MASK_BITS) {
    let mask = 0;
    for (let row = from; row < Math.min(from + MASK_BITS, rows.length); row += 1) {
      if ((rows[row]?.[column] ?? null) === null) continue;
      mask |= 1 << (row - from);
      values += 1;
    }
    validity[from / MASK_BITS] = mask;
  }
  return values;
}

function fillTexts(vector: duckdb.Vector, column: number, rows: readonly (readonly DuckDBValue[])[]): void {
  /** Where each text is first. */
  const first = new Map<DuckDBValue | undefined, number>();
  const repeats: number[] = [];
  for (let row = 0; row < rows.length; row += 1) {
    const text = rows[row]?.[column];
    if (typeof text !== 'string') continue;
    const from = first.get(text);
    if (from !== undefined) {
      repeats.push(from, row);
      continue;
    }
    first.set(text, row);
    duckdb.vector_assign_string_element(vector, row, text);
  }
  if (repeats.length === 0) return;
  const data = duckdb.vector_get_data(vector, rows.length * TEXT_BYTES);
  texts.set(new BigUint64Array(data.buffer, data.byteOffset, rows.length * TEXT_WORDS));
  for (let pair = 0; pair < repeats.length; pair += 2) {
    const from = (repeats[pair] ?? 0) * TEXT_WORDS;
    const to = (repeats[pair + 1] ?? 0) * TEXT_WORDS;
    texts[to] = texts[from] ?? 0n;
    texts[to + 1] = texts[from + 1] ?? 0n;
  }
  duckdb.copy_data_to_vector(vector, 0, texts.buffer, 0, rows.length * TEXT_BYTES);
}

function writeValidity(vector: duckdb.Vector, rows: number): void {
  duckdb.vector_ensure_validity_writable(vector);
  duckdb.copy_data_to_vector_validity(vector, 0, validity.buffer, 0, Math.ceil(rows / VALIDITY_BITS) * VALIDITY_BYTES);
}
