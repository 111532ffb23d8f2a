import { readFile } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import * as z from 'zod';
import { ruleSchema, rulesAnswerSchema, ruleTestAnswerSchema } from '../../contract/collector-api.ts';
import { UserError } from '../../contract/user-error.ts';
import type { CommandContext } from '../context.ts';
import type { RuleItem, RuleTestDocument } from '../output/schemas/collector-lists.ts';
import type { Screen } from '../output/screen.ts';
import { OUTPUT_API_VERSION, printDocument } from '../output/structured.ts';
import { type Column, formatTable } from '../output/table.ts';
import { levelText } from './levels.ts';
import type { TimeRange } from './time-range.ts';
import { withCollector } from './with-collector.ts';

export type RuleMode = RuleItem['mode'];
type Output = 'table' | 'json' | 'yaml';

export async function listRules(context: CommandContext, output: Output): Promise<void> {
  const { screen } = context;
  const items = await readRules(context);
  if (output !== 'table') {
    printDocument(screen, output, { apiVersion: OUTPUT_API_VERSION, kind: 'RuleList', items });
    return;
  }
  for (const line of formatTable(columns(screen), items, { width: screen.width })) screen.print(line);
  for (const { id, problem } of items) if (problem !== undefined) screen.say(`! ${id} is not evaluated: ${problem}`);
}

/** Prints a rule's own text, or all that is known of it. */
export async function showRule(context: CommandContext, id: string, output: 'source' | 'json' | 'yaml'): Promise<void> {
  const rule = (await readRules(context)).find((rule) => rule.id === id);
  if (rule === undefined) throw noRule(id);
  if (output === 'source') context.screen.print(rule.source.trimEnd());
  else printDocument(context.screen, output, { apiVersion: OUTPUT_API_VERSION, kind: 'RuleList', items: [rule] });
}

export async function changeRule(context: CommandContext, id: string, mode: RuleMode): Promise<void> {
  const { signal, screen } = context;
  const rule = await withCollector(context, (collector) =>
    collector.ask({ path: `/rules/${encodeURIComponent(id)}/change`, body: { mode }, signal }, ruleSchema),
  );
  screen.say(`${screen.paint('green', '√')} ${rule.id} is ${modeText(rule.mode)}`);
}

/** Adds the rule of a file, or replaces the one of the same name. */
export async function addRule(context: CommandContext, file: string): Promise<void> {
  const { signal, screen, stdin } = context;
  const source = await readSource(file, stdin);
  const rule = await withCollector(context, (collector) =>
    collector.ask({ path: '/rules', body: { source }, signal }, ruleSchema),
  );
  screen.say(`${screen.paint('green', '√')} ${rule.id} is there and ${modeText(rule.mode)}`);
}

export async function removeRule(context: CommandContext, id: string): Promise<void> {
  const { signal, screen } = context;
  await withCollector(context, (collector) =>
    collector.stream({ method: 'DELETE', path: `/rules/${encodeURIComponent(id)}`, signal }).then(drained),
  );
  screen.say(`${screen.paint('green', '√')} ${id} is gone`);
}

export interface RuleTest {
  /** A known rule, or a file. */
  readonly rule: string;
  readonly range: TimeRange;
  readonly limit: number;
  readonly output: Output;
}

/** Prints what a rule would have found in what is kept. */
export async function testRule(context: CommandContext, { rule, range, limit, output }: RuleTest): Promise<void> {
  const { screen, signal, stdin } = context;
  const which = isFile(rule) ? { source: await readSource(rule, stdin) } : { id: rule };
  const answer = await screen.progress('testing the rule', () =>
    withCollector(context, (collector) =>
      collector.ask(
        { path: '/rules/test', body: { ...which, range, limit }, slow: true, signal },
        ruleTestAnswerSchema,
      ),
    ),
  );
  const document: RuleTestDocument = { apiVersion: OUTPUT_API_VERSION, kind: 'RuleTest', ...answer };
  if (output !== 'table') {
    printDocument(screen, output, document);
    return;
  }
  if (answer.detections.length > 0) {
    for (const line of formatTable(DETECTION_COLUMNS, answer.detections, { width: screen.width })) screen.print(line);
  }
  const more = answer.total - answer.detections.length;
  screen.say(
    `${answer.total} ${answer.total === 1 ? 'detection' : 'detections'}${more > 0 ? ` (${more} not shown)` : ''}; its condition matched ${answer.matched} events since ${new Date(range.from).toISOString()}`,
  );
}

async function readRules(context: CommandContext): Promise<readonly RuleItem[]> {
  const { rules } = await withCollector(context, (collector) =>
    collector.ask({ method: 'GET', path: '/rules', signal: context.signal }, rulesAnswerSchema),
  );
  return rules;
}

/** Names of rules have no slash, and end in no such way. */
function isFile(rule: string): boolean {
  return rule === '-' || rule.includes('/') || /\.ya?ml$/.test(rule);
}

async function readSource(file: string, stdin: Readable): Promise<string> {
  try {
    return file === '-' ? await text(stdin) : await readFile(file, 'utf8');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UserError('DBA1002', `${file}: ${reason}`, 'Check the path; `rule list` names the rules that are there.');
  }
}

/** What is left of an answer whose status alone matters. */
async function drained(answer: NodeJS.ReadableStream): Promise<void> {
  for await (const _ of answer);
}

function modeText(mode: RuleMode): string {
  return { on: 'on', observe: 'in observe mode: counted, nobody is alerted', off: 'off' }[mode];
}

function noRule(id: string): UserError {
  return new UserError('DBA1103', `there is no rule ${id}`, '`kubectl dbaudit rule list` names all.');
}

function columns({ paint }: Screen): readonly Column<RuleItem>[] {
  return [
    { heading: 'RULE', cell: ({ id }) => id },
    { heading: 'LEVEL', cell: ({ level }) => levelText(level, paint) },
    {
      heading: 'MODE',
      cell: ({ mode, problem }) => (problem === undefined ? mode : paint('yellow', `${mode}, not evaluated`)),
    },
    { heading: 'SET', leftOut: 1, cell: ({ ruleset }) => ruleset },
    { heading: 'DETECTIONS', align: 'right', cell: ({ detections }) => String(detections) },
    { heading: 'TITLE', mayShrink: true, cell: ({ title }) => title },
  ];
}

const eventWords = z.looseObject({ event: z.looseObject({ id: z.string() }).optional() });

const DETECTION_COLUMNS: readonly Column<RuleTestDocument['detections'][number]>[] = [
  { heading: 'AT', cell: ({ at }) => at },
  { heading: 'COUNT', align: 'right', cell: ({ count }) => String(count) },
  { heading: 'GROUP', mayShrink: true, cell: ({ group }) => groupText(group) },
  {
    heading: 'LAST EVENT',
    leftOut: 1,
    mayShrink: true,
    cell: ({ events }) => eventWords.safeParse(events.at(-1)).data?.event?.id ?? '-',
  },
];

/** `client.ip=10.0.0.7, user.name=app` */
export function groupText(group: Readonly<Record<string, string>>): string {
  return (
    Object.entries(group)
      .map(([field, value]) => `${field}=${value}`)
      .join(', ') || '-'
  );
}
