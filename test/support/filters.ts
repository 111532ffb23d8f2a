import { Command } from 'commander';
import { buildFilter, type EventFilter, type FilterTerm } from '../../cmd/events/filter.ts';
import { addFilterOptions } from '../../cmd/events/filter-options.ts';
import { KnownAddresses } from '../../cmd/events/known-addresses.ts';
import type { AuditEvent } from '../../contract/audit-event.ts';

/** The filters that a command line holds. */
export function parseFilters(words: readonly string[]): readonly FilterTerm[] {
  const command = new Command('test').exitOverride().configureOutput({ writeErr: () => undefined });
  const read = addFilterOptions(command);
  command.parse(words, { from: 'user' });
  return read();
}

/** What passes them; 10.244.0.7 is the pod shop/orders-7d9f8-abcde, 10.96.0.10 the service mysql.shop. */
export function filterOf(...words: readonly string[]): Promise<EventFilter> {
  const known = new KnownAddresses();
  known.add('10.244.0.7', 'shop/orders-7d9f8-abcde', 0);
  known.add('10.96.0.10', 'mysql.shop', 0);
  return buildFilter(parseFilters(words), known);
}

export async function passes(event: AuditEvent, ...words: readonly string[]): Promise<boolean> {
  return (await filterOf(...words))(event);
}
