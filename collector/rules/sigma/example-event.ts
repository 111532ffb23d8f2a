import { analyzeSql } from '../../../agent/sql/analyze.ts';
import type { AuditEvent } from '../../../contract/audit-event.ts';
import { ECS_VERSION } from '../../../contract/version.ts';
import { isRecord } from './detection.ts';
import type { Logsource } from './logsource.ts';

/** An event as a rule's example gives it: what matters to the rule, and nothing else. */
export type Given = Readonly<Record<string, unknown>>;

type Content = Record<string, unknown>;

/** A Redis command whose second word says what it does. https://redis.io/docs/latest/commands/ */
const CONTAINERS =
  /^(ACL|CLIENT|CLUSTER|COMMAND|CONFIG|DEBUG|FUNCTION|LATENCY|MEMORY|MODULE|OBJECT|PUBSUB|SCRIPT|SLOWLOG|XGROUP|XINFO)$/;
const SYSTEMS = ['mysql', 'postgresql', 'redis'];
const OK_CODES: Readonly<Record<string, string>> = { postgresql: '00000' };
const PORTS: Readonly<Record<string, number>> = { postgresql: 5432, redis: 6379 };

/** `{ a.b: 1 }` is `{ a: { b: 1 } }`, and so may be written either way. */
export function expanded(given: Given): Given {
  const whole: Content = {};
  for (const [key, value] of Object.entries(given)) {
    const steps = key.split('.');
    const last = steps.pop() ?? key;
    let at = whole;
    for (const step of steps) at = childOf(at, step);
    at[last] = isRecord(value) ? merge(recordAt(at, last), expanded(value)) : value;
  }
  return whole;
}

/** The record under a name, made one's own. */
function childOf(parent: Content, name: string): Content {
  const own = { ...recordAt(parent, name) };
  parent[name] = own;
  return own;
}

function recordAt(parent: Content, name: string): Given {
  const found = parent[name];
  return isRecord(found) ? found : {};
}

/** `over` wins; null takes out what `base` has. */
export function merge(base: Given, over: Given): Given {
  const result: Content = { ...base };
  for (const [key, value] of Object.entries(over)) {
    const before = result[key];
    if (value === null) delete result[key];
    else result[key] = isRecord(value) ? merge(isRecord(before) ? before : {}, value) : value;
  }
  return result;
}

/** A complete event around what is given, the `number`th of its example at `at`: not checked yet. */
export function completed(given: Given, logsource: Logsource, at: number, number: number): Given {
  const action = textAt(given, 'event', 'action') ?? defaultAction(given, logsource);
  const base = action.startsWith('k8s.')
    ? apiEvent(action)
    : action.startsWith('db.') && action !== 'db.gap'
      ? databaseEvent(given, action, logsource)
      : otherEvent(action);
  return merge(merge(envelope(action, at, number), base), given);
}

/** The same event once more, later. */
export function repeated(event: AuditEvent, at: number, number: number): AuditEvent {
  const time = timeOf(at);
  const own = { id: idOf(number), sequence: number, start: time, end: time };
  return { ...event, '@timestamp': time, event: { ...event.event, ...own } };
}

function timeOf(millis: number): string {
  return `${new Date(millis).toISOString().slice(0, -1)}000000Z`;
}

function idOf(number: number): string {
  return `example-${number}`;
}

function envelope(action: string, at: number, number: number): Given {
  const time = timeOf(at);
  const failed = action === 'db.session.auth_failed' || action === 'dbaudit.refused';
  return {
    '@timestamp': time,
    ecs: { version: ECS_VERSION },
    event: {
      id: idOf(number),
      kind: 'event',
      category: ['database'],
      type: ['access'],
      action,
      outcome: failed ? 'failure' : 'success',
      dataset: 'dbaudit.example',
      sequence: number,
      start: time,
      end: time,
      duration: 1_000_000,
    },
    dbaudit: { schema: 1, capture: { mode: 'sidecar' } },
  };
}

function defaultAction(given: Given, { product, service, category }: Logsource): string {
  if (given.db !== undefined && product !== 'redis') return 'db.query';
  if (product === 'kubernetes') return service === 'event' ? 'k8s.event' : 'k8s.api';
  if (product === 'dbaudit') return 'dbaudit.access';
  if (product === 'falco') return 'falco.alert';
  if (product === 'kube_bench') return 'kube_bench.check';
  if (category === 'webserver') return 'http.access';
  return product === 'redis' ? 'db.command' : 'db.query';
}

function databaseEvent(given: Given, action: string, { product }: Logsource): Given {
  const system = textAt(given, 'db', 'system', 'name') ?? SYSTEMS.find((name) => name === product) ?? 'mysql';
  const isStatement = !action.startsWith('db.session.');
  return {
    event: { category: isStatement ? ['database'] : ['authentication', 'session'] },
    db: {
      system: { name: system },
      ...(system === 'redis' ? {} : { namespace: 'shop' }),
      response: { status_code: OK_CODES[system] ?? '0' },
    },
    user: { name: 'app' },
    client: { ip: '10.0.1.7', port: 40_000 },
    server: { ip: '10.0.2.9', port: PORTS[system] ?? 3306 },
    kubernetes: { namespace: 'data', pod: { name: `${system}-0` } },
    network: { transport: 'tcp', type: 'ipv4', protocol: system },
    ...(action === 'db.session.auth_failed' ? { error: { code: '1045', message: 'Access denied' } } : {}),
    dbaudit: {
      session: { id: '0'.repeat(32), index: 0, captured_from_start: true },
      ...(isStatement ? { statement: statementOf(given, system), result: { bytes: 100 } } : {}),
    },
    ...(isStatement ? operationOf(given, system) : {}),
  };
}

function statementOf(given: Given, system: string): Given {
  const text = textAt(given, 'db', 'query', 'text');
  const kind = system === 'redis' ? 'command' : 'text';
  const base = { kind, text_length: text?.length ?? 0, truncated: false, redaction: { policy: 'secrets' } };
  if (text === undefined) return base;
  if (system === 'redis') return { ...base, template: text };
  const { statementClass, fingerprint, tables, text: template } = analyzed(text, system);
  return { ...base, class: statementClass, fingerprint, ...(tables.length > 0 ? { tables } : {}), template };
}

function operationOf(given: Given, system: string): Given {
  const text = textAt(given, 'db', 'query', 'text');
  if (text === undefined) return {};
  const operation = system === 'redis' ? redisOperation(text) : analyzed(text, system).operation;
  const db = { system: { name: system }, response: { status_code: OK_CODES[system] ?? '0' } };
  return { db: { ...db, ...(operation === undefined ? {} : { operation: { name: operation } }) } };
}

function analyzed(text: string, system: string) {
  return analyzeSql(text, system === 'postgresql' ? 'postgresql' : 'mysql', 'literals');
}

function redisOperation(text: string): string {
  const [first = '', second = ''] = text.toUpperCase().split(' ');
  return CONTAINERS.test(first) && second !== '' ? `${first} ${second}` : first;
}

function apiEvent(action: string): Given {
  const exec = action.startsWith('k8s.session.') ? action.slice('k8s.session.'.length) : undefined;
  return {
    event: { category: ['api'] },
    kubernetes: {
      namespace: 'shop',
      audit: {
        auditID: '5d1f8f2e-0000-4000-8000-000000000000',
        stage: 'ResponseComplete',
        verb: exec === undefined ? 'get' : 'create',
        user: { username: 'alice', groups: ['system:authenticated'] },
        sourceIPs: ['203.0.113.9'],
        userAgent: 'kubectl/v1.34.0',
        objectRef: {
          resource: 'pods',
          namespace: 'shop',
          name: 'orders-7d9f8-abcde',
          ...(exec === undefined ? {} : { subresource: exec === 'debug' ? 'ephemeralcontainers' : exec }),
        },
        responseStatus: { code: 200 },
      },
    },
    dbaudit: { capture: { mode: 'control-plane' } },
  };
}

function otherEvent(action: string): Given {
  return action === 'db.gap' ? { event: { type: ['error'], reason: 'kernel-drops' } } : {};
}

function textAt(given: Given, ...path: readonly string[]): string | undefined {
  let value: unknown = given;
  for (const step of path) {
    if (!isRecord(value)) return undefined;
    value = value[step];
  }
  return typeof value === 'string' ? value : undefined;
}
