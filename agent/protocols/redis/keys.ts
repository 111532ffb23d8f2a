import type { Arguments } from './arguments.ts';
import { type CommandText, readableBytes, wholeCharacters } from './command-text.ts';
import type { Command, KeyPlaces } from './commands.ts';

/** More keys of one command are not named: an event is a record, not a copy of the data. */
const MAX_KEYS = 100;
/** A longer key is cut; Redis' own advice is to hash keys beyond a kilobyte. */
const MAX_KEY_BYTES = 1024;

const NO_KEYS: readonly string[] = [];

/**
 * The keys that a command names, in order; none where the command is not known or its arguments make no sense.
 * `rendered` is its text, where it has one: a piece of a string costs less than another string.
 */
export function keysOf(command: Command, given: Arguments, rendered: CommandText | undefined): readonly string[] {
  const places = command.keys;
  if (places === undefined) return NO_KEYS;
  if (typeof places === 'object' && 'first' in places) {
    const last = places.last < 0 ? given.count + places.last : Math.min(places.last, given.count - 1);
    if (places.first === last) return [key(given, last, rendered)];
    return keysBetween(given, places.first, last, places.step, rendered);
  }
  return keysByRule(places, given, rendered);
}

function keysByRule(
  places: Exclude<KeyPlaces, { first: number }>,
  given: Arguments,
  rendered: CommandText | undefined,
): readonly string[] {
  if (places === 'streams') {
    const streams = indexOfWord(given, 'STREAMS', 1);
    if (streams < 0) return NO_KEYS;
    return keysBetween(given, streams + 1, streams + Math.floor((given.count - streams - 1) / 2), 1, rendered);
  }
  if (places === 'migrate') {
    const keys = indexOfWord(given, 'KEYS', 6);
    return keys < 0
      ? keysBetween(given, 3, 3, 1, rendered)
      : keysBetween(given, keys + 1, given.count - 1, 1, rendered);
  }
  const count = given.integer(places.countAt);
  if (count < 0) return NO_KEYS;
  const first = places.countAt + 1;
  const keys = keysBetween(given, first, Math.min(places.countAt + count, given.count - 1), 1, rendered);
  return places.alsoAt > 0 ? [key(given, places.alsoAt, rendered), ...keys] : keys;
}

function keysBetween(
  given: Arguments,
  first: number,
  last: number,
  step: number,
  rendered: CommandText | undefined,
): readonly string[] {
  const keys: string[] = [];
  for (let index = first; index <= last && index < given.count && keys.length < MAX_KEYS; index += step) {
    keys.push(key(given, index, rendered));
  }
  return keys;
}

function key(given: Arguments, index: number, rendered: CommandText | undefined): string {
  const start = given.start(index);
  const end = given.end(index);
  if (rendered?.plain && end - start <= MAX_KEY_BYTES) {
    const offset = rendered.offsets[index] ?? 0;
    return rendered.text.substring(offset, offset + end - start);
  }
  if (end - start <= MAX_KEY_BYTES) return readableBytes(given.buffer, start, end);
  return readableBytes(given.buffer, start, wholeCharacters(given.buffer, start, start + MAX_KEY_BYTES));
}

function indexOfWord(given: Arguments, word: string, first: number): number {
  for (let index = first; index < given.count; index += 1) if (given.word(index) === word) return index;
  return -1;
}
