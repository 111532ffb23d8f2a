import type { ByteReader } from '../byte-reader.ts';
import { ProtocolViolation } from '../protocol.ts';
import {
  type Capabilities,
  CLIENT_OPTIONAL_RESULTSET_METADATA,
  MARIADB_CLIENT_CACHE_METADATA,
} from './capabilities.ts';
import { readLengthEncodedInteger } from './packets.ts';

/** A lenenc, and one byte that says whether definitions follow. */
const MAX_COLUMN_COUNT_BYTES = 10;

/**
 * The packet that begins a result set: how many column definitions follow; 0 where they are left out.
 *
 * int<lenenc> columns. With MariaDB's cached metadata int<1> whether definitions follow comes after it, with MySQL's
 * optional metadata before it; where the login was not seen its length says that there is one, and the values which.
 */
export function readDefinitionCount(reader: ByteReader, length: number, capabilities: Capabilities): number {
  if (length > MAX_COLUMN_COUNT_BYTES) throw new ProtocolViolation(`column count of ${length} bytes`);
  const isKnown = capabilities.known;
  const comesBefore = isKnown
    ? capabilities.has(CLIENT_OPTIONAL_RESULTSET_METADATA)
    : length > 1 && looksOptional(reader);
  const comesAfter = !comesBefore && (!isKnown || capabilities.hasExtended(MARIADB_CLIENT_CACHE_METADATA));
  const saidBefore = !comesBefore || reader.uint8() !== 0;
  const columns = readLengthEncodedInteger(reader);
  if (columns === 0) throw new ProtocolViolation('result set without columns');
  const saidAfter = !comesAfter || reader.remaining !== 1 || reader.uint8() !== 0;
  return saidBefore && saidAfter ? columns : 0;
}

/** MySQL's order: 0 never is a count, and 2 and more never say whether. */
function looksOptional(reader: ByteReader): boolean {
  const first = reader.peek();
  return first === 0 || (first === 1 && (reader.buffer[reader.position + 1] ?? 0) > 1);
}
