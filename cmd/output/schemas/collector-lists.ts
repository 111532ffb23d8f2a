import * as z from 'zod';
import {
  alertSchema,
  reportsAnswerSchema,
  ruleSchema,
  ruleTestAnswerSchema,
  silenceSchema,
} from '../../../contract/collector-api.ts';
import { OUTPUT_API_VERSION } from '../structured.ts';

const apiVersion = z.literal(OUTPUT_API_VERSION);

/** Of `alert list` and `alert show`. */
export const alertListSchema = z.strictObject({
  apiVersion,
  kind: z.literal('AlertList'),
  /** How many there are, also those beyond `--limit`. */
  total: z.int().min(0),
  items: z.array(alertSchema),
});
/** Of `alert silences`. */
export const silenceListSchema = z.strictObject({
  apiVersion,
  kind: z.literal('SilenceList'),
  items: z.array(silenceSchema),
});
/** Of `rule list` and `rule show`. */
export const ruleListSchema = z.strictObject({ apiVersion, kind: z.literal('RuleList'), items: z.array(ruleSchema) });
/** Of `rule test`. */
export const ruleTestSchema = z.strictObject({
  apiVersion,
  kind: z.literal('RuleTest'),
  ...ruleTestAnswerSchema.shape,
});
/** Of `report list`. */
export const reportListSchema = z.strictObject({
  apiVersion,
  kind: z.literal('ReportList'),
  ...reportsAnswerSchema.shape,
});

type AlertListDocument = z.infer<typeof alertListSchema>;
export type AlertItem = AlertListDocument['items'][number];
export type SilenceListDocument = z.infer<typeof silenceListSchema>;
type RuleListDocument = z.infer<typeof ruleListSchema>;
export type RuleItem = RuleListDocument['items'][number];
export type RuleTestDocument = z.infer<typeof ruleTestSchema>;
export type ReportListDocument = z.infer<typeof reportListSchema>;
