import type { ReportKind } from '../kind.ts';
import { alerts } from './alerts.ts';
import { bulk } from './bulk.ts';
import { changes } from './changes.ts';
import { compliance } from './compliance.ts';
import { coverage } from './coverage.ts';
import { day } from './day.ts';
import { failures } from './failures.ts';
import { integrity } from './integrity.ts';
import { kubernetes } from './kubernetes.ts';
import { logins } from './logins.ts';
import { matrix } from './matrix.ts';
import { novelty } from './novelty.ts';
import { operations } from './operations.ts';
import { performance } from './performance.ts';
import { privileged } from './privileged.ts';
import { security } from './security.ts';
import { sensitive } from './sensitive.ts';
import { statements } from './statements.ts';

/** Every kind of report, in the order in which they are offered. */
export const REPORT_KINDS: readonly ReportKind[] = [
  day,
  operations,
  security,
  performance,
  privileged,
  logins,
  changes,
  sensitive,
  bulk,
  failures,
  matrix,
  novelty,
  statements,
  alerts,
  kubernetes,
  coverage,
  integrity,
  compliance,
];
