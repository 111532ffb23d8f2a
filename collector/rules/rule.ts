import type { AlertLevel, AuditEvent } from '../../contract/audit-event.ts';
import type { Filter } from '../../contract/filter.ts';

/** `observe`: it is evaluated and counted, but nobody is alerted. */
export type RuleMode = 'on' | 'observe' | 'off';

/** One Sigma rule, or correlation, read from YAML. https://sigmahq.io/sigma-specification/ */
export interface Rule {
  /** Sigma's `name`, such as `db.ddl.drop`; unique. */
  readonly id: string;
  readonly title: string;
  readonly description: string;
  readonly level: AlertLevel;
  readonly mode: RuleMode;
  readonly ruleset: 'builtin' | 'custom';
  readonly tags: readonly string[];
  readonly references: readonly string[];
  readonly falsePositives: readonly string[];
  /** Which single events count; exceptions are already in it. */
  readonly filter: Filter;
  readonly window?: Window;
  /** Alerts with the same values are one; absent: `dbaudit.session.id`, or each by itself. */
  readonly groupBy: readonly string[];
  readonly examples: RuleExamples;
  /** The file's text, to show and to edit. */
  readonly source: string;
}

/** How many, how many different, or which one after the other, within a time and with the same values of `groupBy`. */
export type Window =
  | { readonly kind: 'count'; readonly timespanSeconds: number; readonly atLeast: number }
  | { readonly kind: 'distinct'; readonly timespanSeconds: number; readonly field: string; readonly atLeast: number }
  | { readonly kind: 'sum'; readonly timespanSeconds: number; readonly field: string; readonly atLeast: number }
  | {
      readonly kind: 'temporal';
      readonly timespanSeconds: number;
      readonly ordered: boolean;
      /** Each must occur; `filter` of the rule is any of them. */
      readonly steps: readonly Step[];
    };

/** One of several rules that belong together. */
interface Step {
  readonly rule: string;
  readonly filter: Filter;
  /** So many events of it; absent: one. */
  readonly atLeast?: number;
  /** In place of the rule's `groupBy`, in its order: what this step calls the same fields. */
  readonly groupBy?: readonly string[];
}

export interface RuleExamples {
  readonly match: readonly Example[];
  readonly silent: readonly Example[];
}

export interface Example {
  readonly title: string;
  /** In the order of their time. */
  readonly events: readonly AuditEvent[];
}

/** A rule found what it looks for. */
export interface Detection {
  readonly rule: Rule;
  /** Of the event that completed it; RFC 3339 with nanoseconds. */
  readonly at: string;
  /** Values of `groupBy`, by field; fields that are absent are left out. */
  readonly group: Readonly<Record<string, string>>;
  /** How many events, or what the window counts or adds up. */
  readonly count: number;
  /** The last of them, at most ten, oldest first. */
  readonly events: readonly AuditEvent[];
}
