import { type EventField, entryOfMap, eventField } from '../../../contract/event-fields.ts';
import { QueryProblem } from '../failure.ts';
import { textPlace } from './search-fields.ts';

/** No number of an event is this: it stands for those that have none. Exact in JSON, and in the index's own numbers. */
const NO_NUMBER = -(2 ** 53);

/** A field that buckets are made of. */
export interface GroupField {
  /** What `terms` and `multi_terms` take. */
  readonly source: { readonly field: string; readonly missing: string | number };
  /** The bucket's key as the answer has it. */
  text(key: unknown): string;
}

/** @throws QueryProblem where OpenSearch cannot group by it */
export function groupField(name: string): GroupField {
  const field = eventField(name);
  if (field === undefined) throw new QueryProblem(`there is no field ${JSON.stringify(name)}`);
  if (field.type === 'time') throw new QueryProblem(`${name} is a time: over OpenSearch it cannot be grouped by`);
  if (field.type === 'map' || entryOfMap(field) !== undefined) {
    throw new QueryProblem(`${name} holds values by name: over OpenSearch it cannot be grouped by`);
  }
  if (field.type === 'integer' || field.type === 'number') {
    return {
      source: { field: name, missing: NO_NUMBER },
      text: (key) => (key === NO_NUMBER ? '' : textOfNumber(Number(key), field)),
    };
  }
  const path = field.type === 'boolean' ? `${name}.text` : textPlace(field).keyword;
  return { source: { field: path, missing: '' }, text: String };
}

/** As SQL writes it. */
function textOfNumber(value: number, { type }: EventField): string {
  return type === 'number' && Number.isInteger(value) ? `${value}.0` : String(value);
}
