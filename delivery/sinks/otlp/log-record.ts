import { type Attribute, attribute, eventAttributes, memberAt, podAttributes } from './attributes.ts';

/** https://opentelemetry.io/docs/specs/otel/logs/data-model/#field-severitynumber */
const SEVERITIES = { INFO: 9, WARN: 13, ERROR: 17 } as const;

/** What was not recorded is worse than anything that was. */
const LOSSES: ReadonlySet<unknown> = new Set(['db.gap', 'db.session.undecodable', 'dbaudit.agent.overload']);

/** `LogRecord` in the JSON of OTLP. https://opentelemetry.io/docs/specs/otel/logs/data-model/ */
interface LogRecord {
  readonly timeUnixNano: string;
  readonly observedTimeUnixNano: string;
  readonly severityNumber: number;
  readonly severityText: keyof typeof SEVERITIES;
  readonly eventName: string;
  readonly body: { readonly stringValue: string };
  readonly attributes: readonly Attribute[];
}

export interface ResourceLogs {
  readonly resource: { readonly attributes: readonly Attribute[] };
  readonly scopeLogs: readonly [{ readonly scope: object; readonly logRecords: LogRecord[] }];
}

/**
 * Lines of the native format as an ExportLogsServiceRequest: one `resourceLogs` for each pod, and in it the order of the
 * lines. The body is the line itself, as every other sink writes it: nothing is lost, backends show and search it, and who
 * wants a map has it from `ParseJSON`. Attributes are what people filter by.
 * @param resource of the agent itself; the pod's own come behind
 */
export function exportRequest(
  lines: Iterable<string>,
  resource: readonly Attribute[],
  scope: object,
): { readonly resourceLogs: readonly ResourceLogs[] } {
  const byPod = new Map<string, ResourceLogs>();
  for (const line of lines) {
    const event = objectOf(line);
    const pod = podAttributes(event);
    const key = pod.map(({ value }) => JSON.stringify(value)).join();
    let logs = byPod.get(key);
    if (logs === undefined) {
      logs = { resource: { attributes: [...resource, ...pod] }, scopeLogs: [{ scope, logRecords: [] }] };
      byPod.set(key, logs);
    }
    logs.scopeLogs[0].logRecords.push(logRecord(line, event));
  }
  return { resourceLogs: [...byPod.values()] };
}

function logRecord(line: string, event: object): LogRecord {
  // The agent saw it on the wire when it happened.
  const at = nanosOf(String(memberAt(event, ['@timestamp'])));
  const severityText = severityOf(event);
  return {
    timeUnixNano: at,
    observedTimeUnixNano: at,
    severityNumber: SEVERITIES[severityText],
    severityText,
    eventName: String(memberAt(event, ['event', 'action']) ?? ''),
    body: { stringValue: line },
    attributes: eventAttributes(event),
  };
}

/** A statement or login that failed is the application's business; a gap is the record's own. */
function severityOf(event: object): keyof typeof SEVERITIES {
  if (LOSSES.has(memberAt(event, ['event', 'action']))) return 'ERROR';
  return memberAt(event, ['event', 'outcome']) === 'failure' ? 'WARN' : 'INFO';
}

/** Unix time of RFC 3339 with nanoseconds in UTC, as decimal text: doubles hold no nanoseconds. `0`, OTLP's unknown, for what is no time. */
export function nanosOf(timestamp: string): string {
  const [, seconds, fraction = ''] = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z$/.exec(timestamp) ?? [];
  if (seconds === undefined) return '0';
  const millis = Date.parse(`${seconds}Z`);
  return Number.isNaN(millis) ? '0' : String(BigInt(millis / 1000) * 1_000_000_000n + BigInt(fraction.padEnd(9, '0')));
}

/** A line that is no JSON object, which a damaged spool could hold, still is a body. */
function objectOf(line: string): object {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}

/** What every request says of the agent. */
export function agentResource(
  version: string,
  instanceId: string,
  further: Readonly<Record<string, string>>,
): Attribute[] {
  return [
    attribute('service.name', 'dbaudit-agent'),
    attribute('service.version', version),
    attribute('service.instance.id', instanceId),
    ...Object.entries(further).map(([key, value]) => attribute(key, value)),
  ];
}
