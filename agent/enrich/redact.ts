import { MASKED } from '../../contract/masked.ts';
import type { AuditEvent } from '../audit-event.ts';
import type { Outcome, Parameter, Statement, StillRunning } from '../protocols/activity.ts';
import type { Redaction, SqlAnalysis } from '../sql/analysis.ts';
import { maskMessage } from '../sql/message.ts';
import type { Enricher } from './index.ts';
import { maskRedisArguments } from './redis-literals.ts';

const LITERAL = '?';
const NO_KEYS: readonly string[] = [];

/** Masks what must not leave the agent: in texts, parameters and error messages. An event without any of it stays the same object. */
export function buildRedact(redaction: Redaction): Enricher {
  return (event: AuditEvent): AuditEvent => {
    const { activity, analysis } = event;
    if (activity.kind === 'statement') event.activity = redactStatement(activity, analysis, redaction);
    else if (activity.kind === 'still-running') event.activity = redactRunning(activity, analysis, redaction);
    return event;
  };
}

function redactStatement(statement: Statement, analysis: SqlAnalysis | undefined, redaction: Redaction): Statement {
  const text = redactText(statement, statement.targets ?? NO_KEYS, analysis, redaction);
  const parameters = redactParameters(statement.parameters, analysis, redaction);
  const outcome = redactOutcome(statement.outcome, analysis, redaction);
  if (text === statement.text && parameters === statement.parameters && outcome === statement.outcome) return statement;
  return { ...statement, text, parameters, outcome };
}

function redactRunning(running: StillRunning, analysis: SqlAnalysis | undefined, redaction: Redaction): StillRunning {
  const text = redactText(running, NO_KEYS, analysis, redaction);
  return text === running.text ? running : { ...running, text };
}

function redactText(
  { language, text, operation }: Statement | StillRunning,
  keys: readonly string[],
  analysis: SqlAnalysis | undefined,
  redaction: Redaction,
): string | undefined {
  if (analysis !== undefined) return analysis.text;
  if (language !== 'redis' || redaction !== 'literals' || text === undefined) return text;
  return maskRedisArguments(text, operation, keys);
}

function redactParameters(
  parameters: readonly Parameter[] | undefined,
  analysis: SqlAnalysis | undefined,
  redaction: Redaction,
): readonly Parameter[] | undefined {
  const secretParameters = analysis?.secretParameters;
  const holdsSecrets = secretParameters !== undefined && secretParameters.length > 0;
  if (parameters === undefined || (redaction !== 'literals' && !holdsSecrets)) return parameters;
  return parameters.map((value, index) => {
    if (value === null) return null;
    if (holdsSecrets && secretParameters.includes(index)) return MASKED;
    return redaction === 'literals' ? LITERAL : value;
  });
}

function redactOutcome(outcome: Outcome, analysis: SqlAnalysis | undefined, redaction: Redaction): Outcome {
  if (outcome.kind !== 'failed') return outcome;
  const message = maskMessage(outcome.message, analysis, redaction);
  return message === outcome.message ? outcome : { ...outcome, message };
}
