import {
  type ASTNode,
  TypeError as CelTypeError,
  Environment,
  EvaluationError,
  ParseError,
} from '@marcbachmann/cel-js';
import type { AuditEvent } from '../../contract/audit-event.ts';
import { EVENT_FIELDS, type Field } from './event-fields.ts';

/** What a field is for CEL. Numbers may be compared with integers and fractions alike. */
const CEL_TYPES = {
  text: 'string',
  integer: 'int',
  number: 'dyn',
  boolean: 'bool',
  texts: 'list<string>',
  open: 'map<string, dyn>',
} as const;
/** `@timestamp` is no name in CEL. */
const TIMESTAMP = '@timestamp';

type CelSchema = { [name: string]: string | CelSchema };

function celSchema(fields: ReadonlyMap<string, Field>): CelSchema {
  return Object.fromEntries([...fields].map(([name, field]) => [name, celType(field)]));
}

function celType(field: Field): string | CelSchema {
  return field.type === 'object' ? celSchema(field.fields) : CEL_TYPES[field.type];
}

let environment: Environment | undefined;

/** Knows every field of the event and its type, so that a mistyped name is an error instead of matching nothing. */
function eventEnvironment(): Environment {
  if (environment !== undefined) return environment;
  environment = new Environment().registerVariable('timestamp', 'string');
  for (const [name, field] of EVENT_FIELDS) {
    const type = celType(field);
    if (name === TIMESTAMP) continue;
    if (typeof type === 'string') environment.registerVariable({ name, type });
    else environment.registerVariable({ name, schema: type });
  }
  return environment;
}

/** Why an expression cannot be used, with the place: two lines, the second points at it. */
export class CelProblem extends Error {
  override readonly name = 'CelProblem';
}

/**
 * An expression over the event's fields (https://cel.dev), `timestamp` being `@timestamp`. A field that the event does
 * not have never matches, negated or not, unless `has(…)` asks for it. Numbers are whole, durations in nanoseconds.
 * @throws CelProblem
 */
export function celFilter(expression: string): (event: AuditEvent) => boolean {
  const parsed = parse(expression);
  const { valid, type, error } = parsed.check();
  if (!valid) throw problemOf(error, expression);
  if (type !== 'bool' && type !== 'dyn')
    throw new CelProblem(`the expression gives ${type}, not true or false:\n${expression}`);
  for (const pattern of patternsIn(parsed.ast)) checkPattern(pattern, expression);
  return (event) => {
    try {
      return parsed(contextOf(event)) === true;
    } catch (error) {
      if (error instanceof EvaluationError) return false;
      throw error;
    }
  };
}

/** Fixed patterns of `matches`, which CEL would compile when it first meets an event. */
function patternsIn(node: ASTNode): readonly ASTNode[] {
  const inner = nodesIn(node.args);
  const [name, , [pattern] = []] = node.op === 'rcall' ? node.args : [];
  const own = name === 'matches' && pattern?.op === 'value' ? [pattern] : [];
  return [...own, ...inner.flatMap(patternsIn)];
}

function nodesIn(value: unknown): readonly ASTNode[] {
  if (Array.isArray(value)) return value.flatMap(nodesIn);
  return isNode(value) ? [value] : [];
}

function isNode(value: unknown): value is ASTNode {
  return typeof value === 'object' && value !== null && 'op' in value && 'args' in value;
}

function checkPattern(pattern: ASTNode, expression: string): void {
  try {
    new RegExp(String(pattern.args));
  } catch (error) {
    const message = error instanceof Error ? error.message : 'it is no regular expression';
    throw new CelProblem(pointedAt(message, expression, pattern.range.start));
  }
}

function parse(expression: string) {
  try {
    return eventEnvironment().parse(expression);
  } catch (error) {
    throw problemOf(error, expression);
  }
}

function problemOf(error: unknown, expression: string): unknown {
  if (!(error instanceof ParseError || error instanceof CelTypeError || error instanceof EvaluationError)) return error;
  const { range, summary } = error;
  return new CelProblem(
    range === undefined ? `${summary}:\n${expression}` : pointedAt(summary, expression, range.start),
  );
}

function pointedAt(problem: string, expression: string, at: number): string {
  const before = expression.slice(0, at);
  const line = expression.split('\n')[before.split('\n').length - 1] ?? '';
  const column = at - (before.lastIndexOf('\n') + 1);
  return `${problem}, at column ${column + 1}:\n${line}\n${' '.repeat(column)}^`;
}

/** All variables are there, so that `has(error.code)` can be asked of an event without `error`. */
function contextOf(event: AuditEvent): Record<string, unknown> {
  const context: Record<string, unknown> = { timestamp: event[TIMESTAMP] };
  const given = new Map<string, unknown>(Object.entries(event));
  for (const [name, { type }] of EVENT_FIELDS) {
    if (name === TIMESTAMP) continue;
    context[name] = withIntegers(given.get(name) ?? (type === 'text' ? '' : {}));
  }
  return context;
}

/** CEL's integers are BigInt; a JavaScript number would be a fraction, that cannot be divided by an integer. */
function withIntegers(value: unknown): unknown {
  if (typeof value === 'number') return Number.isInteger(value) ? BigInt(value) : value;
  if (Array.isArray(value)) return value.map(withIntegers);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, withIntegers(inner)]));
}
