import { type Command, Option } from 'commander';
import { UserError } from '../../contract/user-error.ts';
import type { FilterTerm } from './filter.ts';
import { FILTERS, type FilterDefinition } from './filter-definitions.ts';

const HEADING = 'Filters (all must hold; names and words are lists: a,b):';

/**
 * Adds every filter, `--not` and `--print-filter` to a command; gives what reads them off after parsing, in the order
 * of the command line. That order is commander's `option:` events' (https://github.com/tj/commander.js#custom-event-listeners).
 */
export function addFilterOptions(command: Command): () => readonly FilterTerm[] {
  const terms: FilterTerm[] = [];
  let negating = false;
  command.optionsGroup(HEADING);
  for (const definition of FILTERS) {
    const option = new Option(definition.flags, definition.description);
    command.addOption(option);
    command.on(`option:${option.name()}`, (value: string | null) => {
      terms.push({ definition, value: value ?? '', negated: negating });
      negating = false;
    });
  }
  command.option('--not', 'turns the next filter round: --not --db-user root');
  command.on('option:not', () => {
    if (negating) throw danglingNot('--not --not');
    negating = true;
  });
  command.option('--print-filter', 'say what the filters mean, and end');
  return () => {
    if (negating) throw danglingNot('--not');
    return terms;
  };
}

/** The values of one filter that are not negated, such as the expressions to highlight. */
export function valuesOf(terms: readonly FilterTerm[], flag: string): readonly string[] {
  const wanted = (definition: FilterDefinition) => definition.flags.split(/[ ,]+/).includes(flag);
  return terms.filter(({ definition, negated }) => !negated && wanted(definition)).map(({ value }) => value);
}

function danglingNot(what: string): UserError {
  return new UserError('DBA1004', `${what} negates nothing`, 'Put the filter right after it: `--not --db-user root`.');
}
