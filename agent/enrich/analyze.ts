import type { AuditEvent } from '../audit-event.ts';
import type { Redaction, SqlAnalysis } from '../sql/analysis.ts';
import { analyzeSql } from '../sql/analyze.ts';
import type { Dialect } from '../sql/lexer.ts';
import type { Enricher } from './index.ts';

/** Texts of prepared statements remembered with what was found in them; applications have hundreds. */
const MAX_REMEMBERED = 1024;
/** Longer texts are read each time; together with the number of texts this bounds memory to a few MiB. */
const MAX_REMEMBERED_LENGTH = 1024;

/** Finds out what the SQL of statements says and sets `analysis`; other languages and events pass as they are. */
export function buildAnalyze(redaction: Redaction): Enricher {
  const analyses = {
    mysql: new PreparedAnalyses('mysql', redaction),
    postgresql: new PreparedAnalyses('postgresql', redaction),
  };
  return (event: AuditEvent): AuditEvent => {
    const { activity, session } = event;
    if (activity.kind !== 'statement' && activity.kind !== 'still-running') return event;
    if (activity.language !== 'sql' || activity.text === undefined) return event;
    const dialect: Dialect = session?.facts.system === 'postgresql' ? 'postgresql' : 'mysql';
    const isPrepared = activity.kind === 'statement' && activity.action === 'db.execute';
    event.analysis = isPrepared ? analyses[dialect].of(activity.text) : analyzeSql(activity.text, dialect, redaction);
    return event;
  };
}

/** What was found in the texts of prepared statements, which come again and again. */
class PreparedAnalyses {
  readonly #dialect: Dialect;
  readonly #redaction: Redaction;
  readonly #byText = new Map<string, SqlAnalysis>();

  constructor(dialect: Dialect, redaction: Redaction) {
    this.#dialect = dialect;
    this.#redaction = redaction;
  }

  of(text: string): SqlAnalysis {
    const known = text.length <= MAX_REMEMBERED_LENGTH ? this.#byText.get(text) : undefined;
    if (known !== undefined) return known;
    const analysis = analyzeSql(text, this.#dialect, this.#redaction);
    if (text.length > MAX_REMEMBERED_LENGTH || analysis.secrets.length > 0) return analysis;
    if (this.#byText.size === MAX_REMEMBERED) this.#byText.clear();
    this.#byText.set(text, analysis);
    return analysis;
  }
}
