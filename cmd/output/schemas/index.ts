import type * as z from 'zod';
import { analysisSchema } from './analysis.ts';
import { captureChangeSchema } from './capture-change.ts';
import { checkSchema } from './check.ts';
import {
  alertListSchema,
  reportListSchema,
  ruleListSchema,
  ruleTestSchema,
  silenceListSchema,
} from './collector-lists.ts';
import { coverageSchema } from './coverage.ts';
import { explanationsSchema } from './explanation.ts';
import { queryResultSchema } from './query-result.ts';
import { sinkListSchema } from './sink-list.ts';
import { sinkTestSchema } from './sink-test.ts';
import { statusSchema } from './status.ts';
import { topSchema } from './top.ts';
import { verificationSchema } from './verification.ts';
import { versionDocumentSchema } from './version.ts';

/** By kind: the schema of every document that a command prints with `-o json` or `-o yaml`. */
export const outputSchemas: Readonly<Record<string, z.ZodType>> = {
  AlertList: alertListSchema,
  Analysis: analysisSchema,
  CaptureChange: captureChangeSchema,
  Check: checkSchema,
  Coverage: coverageSchema,
  Explanations: explanationsSchema,
  QueryResult: queryResultSchema,
  ReportList: reportListSchema,
  RuleList: ruleListSchema,
  RuleTest: ruleTestSchema,
  SilenceList: silenceListSchema,
  SinkList: sinkListSchema,
  SinkTest: sinkTestSchema,
  Status: statusSchema,
  Top: topSchema,
  Verification: verificationSchema,
  Version: versionDocumentSchema,
};
