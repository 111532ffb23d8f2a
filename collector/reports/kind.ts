import type { AlertAnswer, RuleAnswer, VerifyAnswer } from '../../contract/collector-api.ts';
import type { StoreStatus } from '../store/event-store.ts';
import type { Section } from './document.ts';
import type { Formats } from './render/formats.ts';
import type { ReportSource } from './source.ts';
import type { KindName, ReportTexts } from './texts/index.ts';

/** What one kind of report is made of; its title and description are in the texts. */
export interface ReportKind {
  readonly kind: KindName;
  build(task: ReportTask): Promise<readonly Section[]>;
}

/** What a report is made from. Parts that the collector has not, or that the scope does not show, are undefined. */
export interface ReportTask {
  readonly source: ReportSource;
  readonly texts: ReportTexts;
  readonly formats: Formats;
  /** Alerts that were open at some moment of the time, and how many there are beyond those. */
  readonly alerts: (() => { readonly alerts: readonly AlertAnswer[]; readonly more: number }) | undefined;
  readonly rules: (() => readonly RuleAnswer[]) | undefined;
  /** Goes through all that is kept, whatever the report's time. Undefined result: it took too long. */
  readonly verify: (() => Promise<VerifyAnswer | undefined>) | undefined;
  /** Of the whole store, for those who see all of it. */
  readonly status: (() => Promise<StoreStatus>) | undefined;
  readonly retentionDays: number | undefined;
  /** Patterns of names, from the lists of the rules. */
  list(name: string): readonly string[];
  readonly privilegedAccounts: readonly string[];
  /** When the report is made; milliseconds since 1970. */
  readonly now: number;
  /** Rows of a table. */
  readonly rows: number;
}
