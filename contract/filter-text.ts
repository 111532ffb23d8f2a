import { eventField } from './event-fields.ts';
import type { Filter, Scalar } from './filter.ts';
import { SEARCH_NAMES } from './search-names.ts';
import { hasAnyCase, isText } from './search-text.ts';

const SHORT_NAMES = new Map(SEARCH_NAMES.map(({ name, field }) => [field, name]));

/** The filter as somebody would type it: `parseSearch` of it finds the same events. */
export function filterToText(filter: Filter): string {
  return filter.kind === 'all' ? filter.of.map(term).join(' ') : term(filter);
}

function term(filter: Filter): string {
  switch (filter.kind) {
    case 'all':
      return filter.of.length === 1 && filter.of[0] !== undefined ? term(filter.of[0]) : `(${filterToText(filter)})`;
    case 'any':
      return filter.of.length === 0 ? '-()' : `(${filter.of.map(term).join(' OR ')})`;
    case 'not': {
      // A minus sign is no sign before another.
      const inner = term(filter.filter);
      return inner.startsWith('-') || filter.filter.kind === 'words' || filter.filter.kind === 'range'
        ? `-(${inner})`
        : `-${inner}`;
    }
    case 'words':
      return words(filter.text);
    case 'exists':
      return `${nameOf(filter.field)}:`;
    case 'is':
      return `${nameOf(filter.field)}${operatorOf(filter.field, filter.ignoreCase)}${filter.values.map(value).join(',')}`;
    case 'like':
      return `${nameOf(filter.field)}${operatorOf(filter.field, filter.ignoreCase)}${pattern(filter.pattern)}`;
    case 'matches':
      return `${nameOf(filter.field)}${operatorOf(filter.field, filter.ignoreCase)}/${filter.expression.replaceAll('/', '\\/')}/`;
    case 'range':
      return range(filter);
    case 'within':
      return `${nameOf(filter.field)}<<${value(filter.range)}`;
  }
}

const PLAIN_NAME = /^[@A-Za-z][\w.@-]*$/;

function nameOf(field: string): string {
  const name = SHORT_NAMES.get(field) ?? field;
  return PLAIN_NAME.test(name) ? name : quoted(name);
}

function operatorOf(name: string, ignoreCase: boolean | undefined): ':' | '=' | '~' {
  const field = eventField(name);
  if (field === undefined || !isText(field) || hasAnyCase(field) === (ignoreCase === true)) return ':';
  return ignoreCase === true ? '~' : '=';
}

/** Not what looks like a sign, a name with its sign, or `OR`. */
const PLAIN_WORD = /^(?!OR$)[^\s()"\\:=~<>-][^\s()"\\:=~<>]*$/;
const PLAIN_VALUE = /^[^\s()"\\,*?/][^\s()"\\,*?]*$/;

function words(text: string): string {
  const all = text.split(/\s+/).filter((word) => word !== '');
  if (all.length === 0) return '()';
  return all.map((word) => (PLAIN_WORD.test(word) ? word : quoted(word))).join(' ');
}

function value(scalar: Scalar): string {
  const text = String(scalar);
  return PLAIN_VALUE.test(text) ? text : quoted(text);
}

function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}

/** Its own backslashes before wildcards stay; what would end it gets one. */
function pattern(text: string): string {
  if (!/(?<!\\)(?:\\\\)*[*?]/.test(text)) return quoted(text.replace(/\\([\\*?])/g, '$1'));
  if (text === '*') return '**';
  return text.replace(/\\[\\*?]|[\s()",\\/]/g, (found) => (found.length === 2 ? found : `\\${found}`));
}

function range({ field, over, from, below, to }: Extract<Filter, { readonly kind: 'range' }>): string {
  const name = nameOf(field);
  const sides = [
    over === undefined ? '' : `${name}>${over}`,
    from === undefined ? '' : `${name}>=${from}`,
    below === undefined ? '' : `${name}<${below}`,
    to === undefined ? '' : `${name}<=${to}`,
  ].filter((side) => side !== '');
  return sides.length === 1 ? `${sides[0]}` : `(${sides.join(' ')})`;
}
