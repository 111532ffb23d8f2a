import { EVENT_FIELD_LIST, type EventField, eventField } from '../../../contract/event-fields.ts';
import { type Path, SigmaProblem } from './place.ts';

/** SigmaHQ's names for the API server's own fields, https://github.com/SigmaHQ/sigma/tree/master/rules/application/kubernetes */
const API_PREFIX = 'kubernetes.audit.';
/** More than this many edits apart is another name, not a slip. */
const MAX_SLIPS = 6;

/** The field that a rule means: one of ours, or the API server's own name of it. */
export function fieldNamed(name: string, path: Path): EventField {
  const field = eventField(name) ?? eventField(`${API_PREFIX}${name}`);
  if (field !== undefined) return field;
  const near = nearest(name);
  const hint = near === undefined ? 'docs/reference/events-view.md lists all' : `did you mean "${near}"?`;
  throw new SigmaProblem(path, `there is no field "${name}"; ${hint}`);
}

/** A field whose values make groups. */
export function groupFieldNamed(name: string, path: Path): string {
  const field = fieldNamed(name, path);
  if (field.type !== 'time' && field.type !== 'map') return field.name;
  throw new SigmaProblem(path, `"${name}" cannot be grouped by: it is a ${field.type}`);
}

function nearest(name: string): string | undefined {
  const ranked = EVENT_FIELD_LIST.map((field) => ({ name: field.name, slips: distance(name, field.name) }));
  const [best] = ranked.toSorted((a, b) => a.slips - b.slips);
  return best !== undefined && best.slips <= Math.min(MAX_SLIPS, name.length / 2) ? best.name : undefined;
}

/** Levenshtein's. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
