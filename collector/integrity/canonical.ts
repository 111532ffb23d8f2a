/** Events have few sets of members; names that people choose (parameters, labels) may make many. */
const MAX_SHAPES = 5_000;
/** What needs no escape in JSON; anything else JSON.stringify knows. */
const PLAIN = /^[ !#-[\]-~]*$/;
/** Beyond it the look for what needs escapes costs more than writing. */
const MAX_PLAIN_LENGTH = 40;

/** The members of objects that have the same ones in the same order. */
interface Shape {
  readonly names: readonly string[];
  /** `"name":`, in the order of `names`, which is sorted. */
  readonly prefixes: readonly string[];
}

const shapes = new Map<string, Shape>();

/**
 * JSON with one spelling for one value (RFC 8785): members sorted by UTF-16 code units, no blanks, numbers and texts as
 * ECMAScript writes them. Absent and undefined members are the same. Of what JSON can say only.
 */
export function canonicalJson(value: unknown): string {
  if (typeof value === 'string') return text(value);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  const { names, prefixes } = shapeOf(value);
  let json = '';
  for (let index = 0; index < names.length; index++) {
    const member: unknown = Reflect.get(value, names[index] ?? '');
    if (member === undefined) continue;
    json += `${json === '' ? '' : ','}${prefixes[index]}${canonicalJson(member)}`;
  }
  return `{${json}}`;
}

function text(value: string): string {
  return value.length <= MAX_PLAIN_LENGTH && PLAIN.test(value) ? `"${value}"` : JSON.stringify(value);
}

/** Sorting and quoting names is most of the work, so it is done once a shape. */
function shapeOf(value: object): Shape {
  const own = Object.keys(value);
  // With their number in front no two sets have one key: a name with a line break in it makes one too many, and is not kept.
  const key = `${own.length}\n${own.join('\n')}`;
  const known = shapes.get(key);
  if (known !== undefined) return known;
  const names = own.sort();
  const shape = { names, prefixes: names.map((name) => `${JSON.stringify(name)}:`) };
  if (shapes.size < MAX_SHAPES && !names.some((name) => name.includes('\n'))) shapes.set(key, shape);
  return shape;
}
