import type { Filter } from '../../../contract/filter.ts';
import { fieldFilter, type ListValues, type SigmaValue } from './condition-field.ts';
import { type Path, SigmaProblem } from './place.ts';

/** What stands under one name of `detection`: a map of fields, all of which match; a list of such maps, one of which does; or keywords. */
export function detectionFilter(item: unknown, path: Path, lists: ListValues): Filter {
  if (Array.isArray(item)) return listFilter(item, path, lists);
  if (isRecord(item)) return mapFilter(item, path, lists);
  if (isValue(item) && item !== null) return keyword(item, path);
  throw new SigmaProblem(path, 'expected fields with their values, or a list of them, or keywords');
}

function listFilter(items: readonly unknown[], path: Path, lists: ListValues): Filter {
  if (items.length === 0) throw new SigmaProblem(path, 'an empty list matches nothing');
  return { kind: 'any', of: items.map((item, index) => detectionFilter(item, [...path, index], lists)) };
}

function mapFilter(map: Readonly<Record<string, unknown>>, path: Path, lists: ListValues): Filter {
  const entries = Object.entries(map);
  if (entries.length === 0) throw new SigmaProblem(path, 'no field is named');
  const of = entries.map(([key, given]): Filter => {
    const place = [...path, key];
    const values = Array.isArray(given) ? given : [given];
    if (values.length === 0) throw new SigmaProblem(place, 'an empty list matches nothing');
    if (!values.every(isValue))
      throw new SigmaProblem(place, 'expected a text, a number, true, false, null, or a list of them');
    if (key === '|all') return { kind: 'all', of: values.map((value) => keyword(value, place)) };
    return fieldFilter(key, values, place, lists);
  });
  return of.length === 1 && of[0] !== undefined ? of[0] : { kind: 'all', of };
}

/** Anywhere in the event's texts. Wildcards around it say nothing more; within it there is nothing to match them against. */
function keyword(value: SigmaValue, path: Path): Filter {
  const text = String(value ?? '').replace(/^\*+|\*+$/g, '');
  if (text.trim() === '') throw new SigmaProblem(path, 'an empty keyword matches everything');
  if (/[*?]/.test(text))
    throw new SigmaProblem(path, 'a keyword has no wildcards within; name the field, with |contains');
  return { kind: 'words', text };
}

function isValue(value: unknown): value is SigmaValue {
  return value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
