const ID = Buffer.from('"id":"');
const QUOTE = 0x22;
const DASH = 0x2d;

/**
 * `event.id` of an encoded line: in every format it is the first member named `id`. Two lines with the same id are the same
 * event. Ids are ASCII without escapes. Undefined where a line has none.
 */
export function eventIdOf(line: Buffer): string | undefined {
  const found = line.indexOf(ID);
  if (found < 0) return undefined;
  const start = found + ID.length;
  const end = line.indexOf(QUOTE, start);
  return end < 0 ? undefined : line.latin1Slice(start, end);
}

/** What events that must stay in order have in common: the session, or the agent for events without one. */
export function orderingKeyOf(id: string): string {
  const dash = id.lastIndexOf(String.fromCharCode(DASH));
  return dash < 0 ? id : id.slice(0, dash);
}
