/** Ranges of code points, both ends included, in order, none touching the next. */
export type CodePoints = readonly CodePointRange[];
export type CodePointRange = readonly [from: number, to: number];

const LAST_CODE_POINT = 0x10_ffff;
export const ANY: CodePoints = [[0, LAST_CODE_POINT]];

/** Any ranges, put in order. */
export function codePoints(ranges: readonly CodePointRange[]): CodePoints {
  const result: [number, number][] = [];
  for (const [from, to] of [...ranges].sort((a, b) => a[0] - b[0])) {
    const last = result.at(-1);
    if (last !== undefined && from <= last[1] + 1) last[1] = Math.max(last[1], to);
    else result.push([from, to]);
  }
  return result;
}

/** All code points that are not in it. */
export function without(set: CodePoints): CodePoints {
  const result: CodePointRange[] = [];
  let next = 0;
  for (const [from, to] of set) {
    if (from > next) result.push([next, from - 1]);
    next = to + 1;
  }
  if (next <= LAST_CODE_POINT) result.push([next, LAST_CODE_POINT]);
  return result;
}

export function intersection(a: CodePoints, b: CodePoints): CodePoints {
  return without(codePoints([...without(a), ...without(b)]));
}

export function holds(set: CodePoints, code: number): boolean {
  let low = 0;
  let high = set.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const range = set[middle];
    if (range === undefined || code < range[0]) high = middle - 1;
    else if (code > range[1]) low = middle + 1;
    else return true;
  }
  return false;
}

/** It and what differs from it in case only. */
export function inAnyCase(set: CodePoints): CodePoints {
  const more: CodePointRange[] = [];
  for (const variants of caseVariants()) {
    if (variants.some((code) => holds(set, code))) for (const code of variants) more.push([code, code]);
  }
  return more.length === 0 ? set : codePoints([...set, ...more]);
}

const propertySets = new Map<string, CodePoints>();

/** `L`, `Lu`, `Greek`: a general category or a script of Unicode; undefined where there is none of the name. */
export function unicodeProperty(name: string): CodePoints | undefined {
  const known = propertySets.get(name);
  if (known !== undefined) return known;
  const test = propertyTest(name);
  if (test === undefined) return undefined;
  const ranges: CodePointRange[] = [];
  let start = -1;
  for (let code = 0; code <= LAST_CODE_POINT + 1; code += 1) {
    const isIn = code <= LAST_CODE_POINT && test.test(String.fromCodePoint(code));
    if (isIn && start < 0) start = code;
    else if (!isIn && start >= 0) {
      ranges.push([start, code - 1]);
      start = -1;
    }
  }
  propertySets.set(name, ranges);
  return ranges;
}

/** Only names of this shape: what is given becomes part of an expression. */
const PROPERTY_NAME = /^[A-Z][A-Za-z_]{0,40}$/;

function propertyTest(name: string): RegExp | undefined {
  if (!PROPERTY_NAME.test(name)) return undefined;
  for (const property of name.length <= 2 ? ['General_Category'] : ['Script']) {
    try {
      return new RegExp(`^\\p{${property}=${name}}$`, 'u');
    } catch {
      // Not one of these.
    }
  }
  return undefined;
}

let variantsOfCase: readonly (readonly number[])[] | undefined;
/** In Turkish alone they go with `i` and `I`. https://www.unicode.org/Public/UCD/latest/ucd/CaseFolding.txt, status T */
const TURKISH = new Set([0x130, 0x131]);

/** Code points that differ in case only, together; about 1,400 groups. */
function caseVariants(): readonly (readonly number[])[] {
  if (variantsOfCase !== undefined) return variantsOfCase;
  const groups = new Map<number, number[]>();
  for (let code = 0; code <= LAST_CODE_POINT; code += 1) {
    if (TURKISH.has(code)) continue;
    const key = simpleLower(simpleUpper(code));
    if (key !== code) groups.set(key, [...(groups.get(key) ?? [key]), code]);
  }
  variantsOfCase = [...groups.values()];
  return variantsOfCase;
}

function simpleUpper(code: number): number {
  return only(String.fromCodePoint(code).toUpperCase()) ?? code;
}

function simpleLower(code: number): number {
  return only(String.fromCodePoint(code).toLowerCase()) ?? code;
}

/** The code point of a text that has just one. */
function only(text: string): number | undefined {
  const code = text.codePointAt(0);
  return code !== undefined && text.length === (code > 0xffff ? 2 : 1) ? code : undefined;
}
