/** An expression of the Common Expression Language, where `toCel` would otherwise write a literal. */
export class Cel {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

export type CelValue = string | boolean | number | Cel | readonly CelValue[] | { readonly [key: string]: CelValue };

/**
 * The literal that stands for a JSON value. Members are `dyn`: CEL in Kubernetes takes no maps and lists of mixed types
 * otherwise. Numbers must be whole. https://github.com/google/cel-spec/blob/master/doc/langdef.md
 */
export function toCel(value: CelValue): string {
  if (value instanceof Cel) return `(${value.text})`;
  if (typeof value === 'object') {
    if (isList(value)) return `[${value.map(toCel).join(', ')}]`;
    return `{${Object.entries(value)
      .map(([key, member]) => `${JSON.stringify(key)}: dyn(${toCel(member)})`)
      .join(', ')}}`;
  }
  return JSON.stringify(value); // CEL knows all of JSON's escapes but `\/`, which is not written
}

function isList(value: object): value is readonly CelValue[] {
  return Array.isArray(value);
}
