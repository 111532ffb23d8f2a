import type { AuditEvent } from '../audit-event.ts';
import type { Redaction } from '../sql/analysis.ts';
import { buildAnalyze } from './analyze.ts';
import { buildKeep, type Excluded, type Exclusions } from './keep.ts';
import { buildRedact } from './redact.ts';

/** Gives the event on, itself or changed, or undefined where it is to be left out. */
export type Enricher = (event: AuditEvent) => AuditEvent | undefined;

export interface EnricherOptions {
  readonly redaction: Redaction;
  readonly exclude: Exclusions;
}

/**
 * What happens to an event between decoder and encoder, in order: its SQL is understood, what is left out on purpose goes,
 * and credentials (and, where asked for, literals) are masked in what remains. `excluded` counts what was left out.
 */
export function buildEnrichers(options: EnricherOptions): { enrichers: readonly Enricher[]; excluded: Excluded } {
  const { keep, excluded } = buildKeep(options.exclude);
  const analyze = buildAnalyze(options.redaction);
  const redact = buildRedact(options.redaction);
  return { enrichers: keep === undefined ? [analyze, redact] : [analyze, keep, redact], excluded };
}
