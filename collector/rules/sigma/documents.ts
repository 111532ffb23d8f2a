import { type Document, LineCounter, parseAllDocuments } from 'yaml';
import * as z from 'zod';
import { QueryProblem } from '../../store/failure.ts';
import { SigmaProblem, withLines } from './place.ts';

/** One rule and what it is made of come to a few; more is no rule. */
const MAX_DOCUMENTS = 20;
/** An alias refers to a value that was written out; more of them than this are a way to fill the memory. */
const MAX_ALIASES = 50;
/** By it a rule is known in lists, silences and alerts. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;
const TIMESPAN = /^(\d{1,6})([smhd])$/;
const SECONDS = { s: 1, m: 60, h: 3_600, d: 86_400 } as const;
/** Windows keep what they counted; a week is the longest that fits the bounds of collector/rules/windows. */
const MAX_TIMESPAN_SECONDS = 7 * SECONDS.d;

const text = z.string().max(4_000);
const names = z.array(text).max(50).default([]);
const threshold = z.number().positive().optional();
/** `5m`, in seconds. */
const timespanSchema = z.string().transform((given, context) => {
  const [, amount, unit] = TIMESPAN.exec(given) ?? [];
  const seconds = unit === 's' || unit === 'm' || unit === 'h' || unit === 'd' ? Number(amount) * SECONDS[unit] : 0;
  if (seconds > 0 && seconds <= MAX_TIMESPAN_SECONDS) return seconds;
  context.addIssue('expected a time such as 30s, 5m, 1h or 1d, at most 7d');
  return z.NEVER;
});

const extension = z
  .strictObject({
    mode: z.enum(['on', 'observe', 'off']).optional(),
    group_by: z.array(text).max(8).optional(),
    exceptions: z.array(z.record(z.string(), z.unknown())).max(100).default([]),
    examples: z
      .strictObject({ match: z.array(z.unknown()).default([]), silent: z.array(z.unknown()).default([]) })
      .default({ match: [], silent: [] }),
  })
  .prefault({});

const head = {
  title: text.min(1),
  id: z.string().regex(NAME, 'expected letters, digits, dots and dashes, at most 100').optional(),
  name: z.string().regex(NAME, 'expected letters, digits, dots and dashes, at most 100').optional(),
  description: text.default(''),
  level: z.enum(['informational', 'low', 'medium', 'high', 'critical']).default('medium'),
  status: z.enum(['stable', 'test', 'experimental', 'deprecated', 'unsupported']).default('stable'),
  tags: names,
  references: names,
  falsepositives: names,
  related: z.array(z.unknown()).optional(),
  dbaudit: extension,
};

/** Keys that Sigma leaves to whoever uses it are allowed. */
const detectionDocument = z.looseObject({
  ...head,
  logsource: z.looseObject({ category: text.optional(), product: text.optional(), service: text.optional() }),
  detection: z.looseObject({ condition: z.union([text, z.array(text).min(1)]), timeframe: timespanSchema.optional() }),
});

const correlationDocument = z.looseObject({
  ...head,
  correlation: z.strictObject({
    type: z.enum(['event_count', 'value_count', 'value_sum', 'temporal', 'temporal_ordered']),
    rules: z.union([text.transform((one) => [one]), z.array(text).min(1).max(10)]),
    'group-by': z.union([text.transform((one) => [one]), z.array(text).max(8)]).default([]),
    timespan: timespanSchema,
    aliases: z.record(z.string(), z.record(z.string(), z.string())).default({}),
    condition: z.strictObject({ field: text.optional(), gte: threshold, gt: threshold }).optional(),
    generate: z.boolean().optional(),
  }),
});

export type DetectionDocument = z.infer<typeof detectionDocument>;
export type CorrelationDocument = z.infer<typeof correlationDocument>;
export type SigmaDocument = DetectionDocument | CorrelationDocument;

export interface ReadDocument {
  readonly content: SigmaDocument;
  /** Runs what reads its content; problems are said with their lines. */
  readonly within: <T>(read: () => T) => T;
}

/** @throws QueryProblem with the line, and what was expected there */
export function readDocuments(source: string): readonly ReadDocument[] {
  const lines = new LineCounter();
  const documents = parseAllDocuments(source, { lineCounter: lines, uniqueKeys: true });
  if (documents.length === 0) throw new QueryProblem('there is no rule in it');
  if (documents.length > MAX_DOCUMENTS) throw new QueryProblem(`a rule is at most ${MAX_DOCUMENTS} documents`);
  return [...documents].map((document) => {
    const [error] = document.errors;
    if (error !== undefined) throw new QueryProblem(`not valid YAML: ${error.message}`);
    const within = <T>(read: () => T): T => withLines(document, lines, read);
    return { content: within(() => contentOf(document)), within };
  });
}

export function isCorrelation(content: SigmaDocument): content is CorrelationDocument {
  return 'correlation' in content;
}

function contentOf(document: Document): SigmaDocument {
  const value: unknown = document.toJS({ maxAliasCount: MAX_ALIASES });
  if (typeof value !== 'object' || value === null) throw new SigmaProblem([], 'expected a Sigma rule');
  const isOfMany = 'correlation' in value;
  if (!isOfMany && !('detection' in value)) throw new SigmaProblem([], 'expected "detection", or "correlation"');
  const result = (isOfMany ? correlationDocument : detectionDocument).safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const path = (issue?.path ?? []).map((step) => (typeof step === 'number' ? step : String(step)));
  throw new SigmaProblem(path, `${path.join('.')}: ${issue?.message ?? 'not valid'}`);
}
