import type { ReadText } from './text-encoding.ts';

/** Names are at most 63 bytes; a slot for each of those that a client has in use at a time. */
const SLOTS = 64;
const LONGEST_NAME = 63;

/** Names of statements and portals come again and again: the same string is given for the same bytes. */
export class NameCache {
  readonly #names: (string | undefined)[] = new Array<string | undefined>(SLOTS).fill(undefined);

  /** `buffer[start, end)` as text. */
  read(buffer: Buffer, start: number, end: number, readText: ReadText): string {
    const length = end - start;
    if (length === 0) return '';
    if (length > LONGEST_NAME) return readText(buffer, start, end);
    const slot = (length * 31 + (buffer[end - 1] ?? 0) + (buffer[start + (length >> 1)] ?? 0) * 7) & (SLOTS - 1);
    const known = this.#names[slot];
    if (known !== undefined && isSame(known, buffer, start, length)) return known;
    const name = readText(buffer, start, end);
    this.#names[slot] = name;
    return name;
  }
}

/** Only for ASCII: a name with other characters is read each time. */
function isSame(name: string, buffer: Buffer, start: number, length: number): boolean {
  if (name.length !== length) return false;
  for (let index = 0; index < length; index += 1) {
    const code = name.charCodeAt(index);
    if (code !== buffer[start + index] || code > 0x7f) return false;
  }
  return true;
}
