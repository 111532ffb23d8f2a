import type * as z from 'zod';
import { analysisSchema } from './analysis.ts';
import { captureChangeSchema } from './capture-change.ts';
import { checkSchema } from './check.ts';
import { coverageSchema } from './coverage.ts';
import { explanationsSchema } from './explanation.ts';
import { sinkListSchema } from './sink-list.ts';
import { sinkTestSchema } from './sink-test.ts';
import { statusSchema } from './status.ts';
import { topSchema } from './top.ts';
import { versionDocumentSchema } from './version.ts';

/** By kind: the schema of every document that a command prints with `-o json` or `-o yaml`. */
export const outputSchemas: Readonly<Record<string, z.ZodType>> = {
  Analysis: analysisSchema,
  CaptureChange: captureChangeSchema,
  Check: checkSchema,
  Coverage: coverageSchema,
  Explanations: explanationsSchema,
  SinkList: sinkListSchema,
  SinkTest: sinkTestSchema,
  Status: statusSchema,
  Top: topSchema,
  Version: versionDocumentSchema,
};
