const RFC_3339 = /^(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?([Zz]|[+-]\d\d:\d\d)$/;
/** Nanoseconds since 1970 in 64 bits reach no farther. */
const FIRST_YEAR = '1678';
const LAST_YEAR = '2261';

/** An RFC 3339 time in the one form that events have, UTC with nanoseconds, so that texts compare as times do. */
export function parseInstant(text: string): string | undefined {
  const found = RFC_3339.exec(text);
  if (found === null) return undefined;
  const [, day = '', time = '', fraction = '', zone = ''] = found;
  const millis = Date.parse(`${day}T${time}${zone.toUpperCase()}`);
  if (Number.isNaN(millis)) return undefined;
  const instant = instantOf(millis, fraction.padEnd(9, '0'));
  return instant >= FIRST_YEAR && instant.slice(0, 4) <= LAST_YEAR ? instant : undefined;
}

/** Whole seconds of `millis`, and the nanoseconds given. */
function instantOf(millis: number, nanos: string): string {
  return `${new Date(millis).toISOString().slice(0, 19)}.${nanos}Z`;
}
