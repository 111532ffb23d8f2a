import * as z from 'zod';
import { CODES, type Code } from '../../contract/codes.ts';
import { UserError, type UserErrorCode } from '../../contract/user-error.ts';
import type { SinkTestDocument } from '../output/schemas/sink-test.ts';
import type { Screen } from '../output/screen.ts';
import { OUTPUT_API_VERSION } from '../output/structured.ts';
import { printable } from '../output/text-width.ts';

/** What `dbaudit-agent sink test NAME --json` prints, on a line of its own; agents to come may say more. */
const reportSchema = z.object({
  sink: z.string(),
  type: z.string().exactOptional(),
  place: z.string(),
  steps: z.array(
    z.object({
      name: z.enum(['configuration', 'write', 'read-back']),
      outcome: z.enum(['ok', 'failed', 'not-possible']),
      millis: z.number(),
      code: z.string().exactOptional(),
      message: z.string().exactOptional(),
      nextStep: z.string().exactOptional(),
    }),
  ),
  eventId: z.string(),
  ok: z.boolean(),
});

const MOST_LINES = 10;

/**
 * The report in what the agent printed.
 * @throws UserError with the agent's own words where it gave none
 */
export function readReport(output: string, namespace: string): SinkTestDocument {
  for (const line of output.split('\n')) {
    const report = line.startsWith('{') ? reportSchema.safeParse(jsonOf(line)).data : undefined;
    if (report !== undefined) return { apiVersion: OUTPUT_API_VERSION, kind: 'SinkTest', namespace, ...report };
  }
  const [, code, message] = /^error (DBA\d{4}): (.*)$/m.exec(output) ?? [];
  const [, nextStep] = /^ +next: (.*)$/m.exec(output) ?? [];
  if (message !== undefined && isErrorCode(code)) {
    throw new UserError(code, printable(message), printable(nextStep ?? CODES[code].help));
  }
  const said = output.trimEnd().split('\n').slice(-MOST_LINES).map(printable);
  throw new UserError(
    'DBA1104',
    ['the agent in the pod for the test gave no answer; it said:', ...said].join('\n  '),
    'An agent of another version may not know this command: `kubectl dbaudit version` tells, `upgrade` helps.',
  );
}

/** A line for each step with its latency, below it what is wrong and what helps. */
export function formatReport(
  { steps, sink, place, namespace, eventId, ok }: SinkTestDocument,
  screen: Screen,
): string[] {
  const signs = { ok: screen.paint('green', '√'), failed: screen.paint('red', '×'), 'not-possible': '-' } as const;
  const widest = Math.max(...steps.map(({ name }) => name.length));
  return [
    printable(`${sink}   ${place}   from a pod in ${namespace}`),
    ...steps.flatMap(({ name, outcome, millis, code, message, nextStep }) => {
      const help = nextStep ?? (isCode(code) ? CODES[code].help : undefined);
      const time = outcome === 'not-possible' ? '' : `${Math.round(millis)} ms`;
      return [
        `${signs[outcome]} ${name.padEnd(widest)} ${time.padStart(9)}${code === undefined ? '' : `   ${code}`}`.trimEnd(),
        ...(message === undefined ? [] : [`    ${printable(message)}`]),
        ...(help === undefined ? [] : [`    ${screen.paint('dim', `next: ${printable(help)}`)}`]),
      ];
    }),
    ok ? verdict(steps, eventId) : screen.paint('red', 'the receiver does not get events'),
  ];
}

function verdict(steps: SinkTestDocument['steps'], eventId: string): string {
  const isDone = (wanted: string) => steps.some(({ name, outcome }) => name === wanted && outcome === 'ok');
  if (isDone('read-back')) return `event ${eventId} is there`;
  return isDone('write') ? `the receiver acknowledged event ${eventId}` : 'there is nothing more to test';
}

function jsonOf(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function isErrorCode(code: string | undefined): code is UserErrorCode {
  return code?.startsWith('DBA1') === true && isCode(code);
}

function isCode(code: string | undefined): code is Code {
  return code !== undefined && Object.hasOwn(CODES, code);
}
