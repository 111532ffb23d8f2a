import type { AuditEvent } from '../../contract/audit-event.ts';
import { eventField } from '../../contract/event-fields.ts';
import { EVERYTHING, type Filter } from '../../contract/filter.ts';
import { type Scope, withinScope } from '../access/scope.ts';
import { maskLiterals, withoutLiteralField, withoutLiterals } from '../query/literals.ts';
import { QueryProblem } from '../store/failure.ts';
import { Problem } from './problem.ts';

/**
 * The one place where a scope becomes a filter: whatever the API asks of a store goes through here.
 * @throws Problem where it asks for what the reader may not see
 */
export function visibleFilter(scope: Scope, filter: Filter = EVERYTHING): Filter {
  return withinScope(scope, scope.literals ? filter : hidden(() => withoutLiterals(filter)));
}

/** The one place where events become what somebody may see of them. */
export function visibleEvents(scope: Scope, events: readonly AuditEvent[]): readonly AuditEvent[] {
  return scope.literals ? events : events.map(maskLiterals);
}

/**
 * Fields to group by.
 * @throws Problem where there is no such field, or the reader may not see it
 */
export function visibleFields(scope: Scope, fields: readonly string[]): readonly string[] {
  return fields.map((name) => {
    if (eventField(name) === undefined) throw new Problem(400, 'DBA5003', `there is no field ${name}`);
    return scope.literals ? name : hidden(() => withoutLiteralField(name));
  });
}

function hidden<Result>(hide: () => Result): Result {
  try {
    return hide();
  } catch (error) {
    throw error instanceof QueryProblem ? new Problem(403, 'DBA5005', error.message) : error;
  }
}
