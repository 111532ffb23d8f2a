import type * as z from 'zod';
import type {
  alertChangeSchema,
  alertSchema,
  alertsAnswerSchema,
  alertsRequestSchema,
  reportRequestSchema,
  reportSchema,
  reportsAnswerSchema,
  ruleSchema,
  ruleTestAnswerSchema,
  silenceRequestSchema,
  silenceSchema,
  verifyAnswerSchema,
  verifyRequestSchema,
} from '../../contract/collector-api.ts';
import type { Filter } from '../../contract/filter.ts';
import type { Scope } from '../access/scope.ts';
import type { TimeRange } from '../store/event-store.ts';

/** Whoever may do what; the routes check rights before they call. `who` is the name that goes on record. */

export interface AlertDesk {
  /** Alerts of events that the scope shows: all, or those whose namespaces are all within it. */
  list(request: z.infer<typeof alertsRequestSchema>, scope: Scope): z.infer<typeof alertsAnswerSchema>;
  /** Undefined: there is none of this id within the scope. */
  change(
    id: string,
    change: z.infer<typeof alertChangeSchema>,
    who: string,
    scope: Scope,
  ): z.infer<typeof alertSchema> | undefined;
  silences(): readonly z.infer<typeof silenceSchema>[];
  silence(request: z.infer<typeof silenceRequestSchema>, who: string): z.infer<typeof silenceSchema>;
  /** Whether there was one. */
  unsilence(id: string, who: string): boolean;
}

export interface RuleBook {
  list(): readonly z.infer<typeof ruleSchema>[];
  /** Undefined: there is none of this id. */
  change(id: string, mode: 'on' | 'observe' | 'off', who: string): z.infer<typeof ruleSchema> | undefined;
  /** @throws QueryProblem with the place and what was expected */
  put(source: string, who: string): z.infer<typeof ruleSchema>;
  /** Whether there was a custom one. */
  remove(id: string, who: string): boolean;
  /** On what is kept, within `filter`. @throws QueryProblem */
  test(
    request: { readonly id?: string; readonly source?: string; readonly range: TimeRange; readonly limit: number },
    filter: Filter,
    signal: AbortSignal,
  ): Promise<z.infer<typeof ruleTestAnswerSchema>>;
}

export type ReportFormat = 'html' | 'pdf' | 'csv';

export interface ReportRoom {
  /** Kinds, and the reports that show nothing outside the scope. */
  list(scope: Scope): z.infer<typeof reportsAnswerSchema>;
  /** @throws QueryProblem where there is no such kind, StoreBusy where too many wait */
  make(request: z.infer<typeof reportRequestSchema>, who: string, scope: Scope): Promise<z.infer<typeof reportSchema>>;
  /** Undefined: there is none, or it shows more than the scope. */
  read(id: string, format: ReportFormat, scope: Scope): Promise<Buffer | undefined>;
}

export interface Verifier {
  verify(
    request: z.infer<typeof verifyRequestSchema>,
    signal: AbortSignal,
  ): Promise<z.infer<typeof verifyAnswerSchema>>;
}
