import type { AuditEvent } from '../../contract/audit-event.ts';
import { type EventField, fieldPath } from '../../contract/event-fields.ts';
import type { Filter } from '../../contract/filter.ts';
import { addressKey } from './address-range.ts';
import { type Bound, type CheckedFilter, checkFilter, type FieldTest } from './checked-filter.ts';
import { comparable } from './comparable-text.ts';
import { foldCase } from './fold-case.ts';

export type Matcher = (event: AuditEvent) => boolean;
type ValueTest = (value: unknown) => boolean;

/**
 * The filter as a function, for rules and live streams: it never throws, and takes time in proportion to the event.
 * @throws QueryProblem when the filter is not one
 */
export function compileMatcher(filter: Filter): Matcher {
  return compile(checkFilter(filter));
}

function compile(filter: CheckedFilter): Matcher {
  switch (filter.kind) {
    case 'all':
      return every(filter.of.map(compile));
    case 'any':
      return some(filter.of.map(compile));
    case 'not': {
      const matches = compile(filter.filter);
      return (event) => !matches(event);
    }
    case 'test': {
      const read = fieldReader(filter.field);
      const test = fieldTest(filter.field, filter.test);
      return (event) => {
        const value = read(event);
        return value !== undefined && value !== null && test(value);
      };
    }
  }
}

function every(matchers: readonly Matcher[]): Matcher {
  const [first, second] = matchers;
  if (first === undefined) return () => true;
  if (second === undefined) return first;
  if (matchers.length === 2) return (event) => first(event) && second(event);
  return (event) => {
    for (const matches of matchers) if (!matches(event)) return false;
    return true;
  };
}

function some(matchers: readonly Matcher[]): Matcher {
  const [first, second] = matchers;
  if (first === undefined) return () => false;
  if (second === undefined) return first;
  if (matchers.length === 2) return (event) => first(event) || second(event);
  return (event) => {
    for (const matches of matchers) if (matches(event)) return true;
    return false;
  };
}

/** Reads a field of any event; `fieldValue` for a name that is known beforehand, without taking it apart each time. */
function fieldReader(field: EventField): (event: AuditEvent) => unknown {
  const steps = fieldPath(field.name);
  return (event) => {
    let value: unknown = event;
    for (const step of steps) {
      if (!isObject(value) || !Object.hasOwn(value, step)) return undefined;
      value = value[step];
    }
    return value;
  };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function fieldTest({ type }: EventField, test: FieldTest): ValueTest {
  const one = textAware(valueTest(test));
  if (test.kind === 'exists') return one;
  if (type === 'names') return (value) => Array.isArray(value) && value.some(one);
  if (type === 'map') return (value) => isObject(value) && Object.values(value).some(one);
  return one;
}

function textAware(test: ValueTest): ValueTest {
  return (value) => test(typeof value === 'string' ? comparable(value) : value);
}

function valueTest(test: FieldTest): ValueTest {
  switch (test.kind) {
    case 'exists':
      return () => true;
    case 'one-of': {
      const { values, ignoreCase } = test;
      const has = (value: unknown) => isScalar(value) && values.has(value);
      return ignoreCase ? (value) => has(typeof value === 'string' ? fold(value) : value) : has;
    }
    case 'like': {
      const { pattern, ignoreCase } = test;
      return (value) => typeof value === 'string' && pattern.test(ignoreCase ? fold(value) : value);
    }
    case 'matches':
      return (value) => typeof value === 'string' && test.automaton.test(value);
    case 'range': {
      const isAbove = test.from === undefined ? always : above(test.from);
      const isBelow = test.to === undefined ? always : below(test.to);
      return (value) => isAbove(value) && isBelow(value);
    }
    case 'within': {
      const { first, last } = test.range;
      return (value) => {
        const key = typeof value === 'string' ? addressKey(value) : undefined;
        return key !== undefined && key.length === first.length && key >= first && key <= last;
      };
    }
  }
}

function isScalar(value: unknown): value is string | number | boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}

function always(): boolean {
  return true;
}

function above({ value: bound, included }: Bound): ValueTest {
  if (typeof bound === 'number') {
    return (value) => typeof value === 'number' && (value > bound || (included && value === bound));
  }
  return (value) => typeof value === 'string' && (value > bound || (included && value === bound));
}

function below({ value: bound, included }: Bound): ValueTest {
  if (typeof bound === 'number') {
    return (value) => typeof value === 'number' && (value < bound || (included && value === bound));
  }
  return (value) => typeof value === 'string' && (value < bound || (included && value === bound));
}

let lastText = '';
let lastFolded = '';

/** Several words, and several rules, look into the same statement one after the other. */
function fold(text: string): string {
  if (text !== lastText) {
    lastFolded = foldCase(text);
    lastText = text;
  }
  return lastFolded;
}
