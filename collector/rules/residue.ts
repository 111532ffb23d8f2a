import type { AuditEvent } from '../../contract/audit-event.ts';
import type { Filter } from '../../contract/filter.ts';
import { compileMatcher, type Matcher } from '../query/matcher.ts';

const TEMPLATE = 'dbaudit.statement.template';
/** Applications send some hundred different ones over and over. */
const MAX_TEMPLATES = 2_048;
/** Longer ones are generated, and seldom the same. With their number this bounds memory to some 8 MiB. */
const MAX_TEMPLATE_LENGTH = 2_048;

/**
 * Compiles what is left of rules' filters. What depends on a statement's template alone is asked once for each template: to
 * look for two dozen words in every statement would cost more than all else.
 */
export class ResidueCompiler {
  readonly #verdicts = new Map<string, Map<number, boolean>>();
  #last = '';
  #lastVerdicts = new Map<number, boolean>();
  #residues = 0;

  compile(filter: Filter): Matcher {
    if (isOfTemplate(filter)) return this.#remembering(filter);
    if (filter.kind !== 'all') return compileMatcher(filter);
    const ofTemplate = filter.of.filter(isOfTemplate);
    if (ofTemplate.length === 0) return compileMatcher(filter);
    const others = compileMatcher({ kind: 'all', of: filter.of.filter((part) => !isOfTemplate(part)) });
    const template = this.#remembering({ kind: 'all', of: ofTemplate });
    return (event) => others(event) && template(event);
  }

  #remembering(filter: Filter): Matcher {
    const matches = compileMatcher(filter);
    const residue = this.#residues++;
    return (event) => {
      const verdicts = this.#verdictsOf(event);
      if (verdicts === undefined) return matches(event);
      const known = verdicts.get(residue);
      if (known !== undefined) return known;
      const verdict = matches(event);
      verdicts.set(residue, verdict);
      return verdict;
    };
  }

  #verdictsOf(event: AuditEvent): Map<number, boolean> | undefined {
    const template = event.dbaudit.statement?.template;
    if (template === undefined || template.length > MAX_TEMPLATE_LENGTH) return undefined;
    if (template === this.#last) return this.#lastVerdicts;
    let verdicts = this.#verdicts.get(template);
    if (verdicts === undefined) {
      if (this.#verdicts.size >= MAX_TEMPLATES) this.#verdicts.clear();
      verdicts = new Map();
      this.#verdicts.set(template, verdicts);
    }
    this.#last = template;
    this.#lastVerdicts = verdicts;
    return verdicts;
  }
}

function isOfTemplate(filter: Filter): boolean {
  switch (filter.kind) {
    case 'all':
    case 'any':
      return filter.of.every(isOfTemplate);
    case 'not':
      return isOfTemplate(filter.filter);
    case 'words':
      return false;
    default:
      return filter.field === TEMPLATE;
  }
}
