/**
 * The field names of Packetbeat's transactions, which Kibana's and SLS' dashboards ask for.
 * https://www.elastic.co/docs/reference/beats/packetbeat/exported-fields
 */

import { ECS_VERSION } from '../../contract/version.ts';
import type { AuditEvent, Session } from '../audit-event.ts';
import type { Outcome, Statement } from '../protocols/activity.ts';
import type { SqlAnalysis } from '../sql/analysis.ts';
import type { Nanos } from '../timeline.ts';
import { communityId } from './community-id.ts';
import type { Encoder, EncoderOptions, EventNumbers } from './encoder.ts';
import { classOf } from './event-class.ts';
import { HTTP_DATASET, httpFields } from './http-fields.ts';
import { JsonWriter } from './json-writer.ts';
import { TimestampWriter } from './timestamp.ts';

/** Packetbeat's `type`, where it is not our protocol's name. */
const TYPES: Readonly<Record<string, string>> = { postgresql: 'pgsql' };
/** `path` names tables, `resource` what other databases have instead. */
const RESOURCE_TYPES: ReadonlySet<string> = new Set(['redis']);

/**
 * Packetbeat's own format. What it has no field for (logins, gaps) is written with ECS' fields and without `type`, so
 * that its dashboards count statements only and yet nothing is missing.
 */
export function createPacketbeatEncoder(options: EncoderOptions): Encoder {
  return new PacketbeatEncoder(options);
}

class PacketbeatEncoder implements Encoder {
  readonly #options: EncoderOptions;
  readonly #timestamps: TimestampWriter;
  readonly #scratch = new JsonWriter(64);

  constructor(options: EncoderOptions) {
    this.#options = options;
    this.#timestamps = new TimestampWriter(options.timeline, '');
  }

  encode({ activity, session, analysis }: AuditEvent, { sequence, index }: EventNumbers, into: JsonWriter): void {
    const { action, outcome } = classOf(activity, analysis?.statementClass);
    const ofRequest = activity.kind === 'http-access';
    const id = ofRequest
      ? activity.id
      : session === undefined
        ? `${this.#options.instanceId}-${sequence}`
        : `${session.id}-${index}`;
    const ofStatement = activity.kind === 'statement' && session !== undefined;
    const line = {
      '@timestamp': this.#time(activity.at),
      ...(ofStatement ? statementFields(activity, analysis, session) : {}),
      ...(session === undefined ? {} : sessionFields(session, activity)),
      ...(ofRequest ? httpFields(activity) : {}),
      ecs: { version: ECS_VERSION },
      event: {
        id,
        sequence,
        kind: 'event',
        category: ['network_traffic', 'network'],
        type: ['connection', 'protocol'],
        dataset: ofRequest
          ? HTTP_DATASET
          : session?.protocol === undefined
            ? 'dbaudit'
            : packetbeatType(session.protocol),
        action,
        outcome,
        duration: ofRequest ? activity.durationNanos : undefined,
        reason: 'reason' in activity ? activity.reason : undefined,
        ...this.#span(activity, session),
      },
      error: errorOf(activity),
      dbaudit: activity.kind === 'capture-gap' ? { count: activity.count, sink: activity.sink } : undefined,
    };
    into.json(JSON.stringify(line, (_, value: unknown) => (typeof value === 'string' ? value.toWellFormed() : value)));
    into.byte(0x0a);
  }

  #span(activity: AuditEvent['activity'], session: Session | undefined) {
    const start = startOf(activity, session);
    const end = 'until' in activity ? activity.until : activity.kind === 'session-end' ? activity.at : undefined;
    if (start === undefined) return {};
    if (end === undefined) return { start: this.#time(start) };
    return { start: this.#time(start), end: this.#time(end), duration: Math.max(Math.floor(end - start), 0) };
  }

  #time(at: Nanos): string {
    this.#scratch.clear();
    this.#timestamps.write(this.#scratch, at);
    return `${this.#scratch.bytes.toString('latin1', 0, this.#scratch.length)}Z`;
  }
}

function startOf(activity: AuditEvent['activity'], session: Session | undefined): Nanos | undefined {
  if (activity.kind === 'statement' || activity.kind === 'login') return activity.at;
  if (activity.kind === 'still-running') return activity.since;
  return activity.kind === 'session-end' ? session?.connection.startedAt : undefined;
}

function packetbeatType(protocol: string): string {
  return TYPES[protocol] ?? protocol;
}

function sessionFields({ connection, facts, protocol }: Session, activity: AuditEvent['activity']) {
  const sent = activity.kind === 'statement' ? activity.requestBytes : undefined;
  const received = activity.kind === 'statement' ? activity.responseBytes : undefined;
  const client = { ...connection.client, bytes: sent };
  const server = { ...connection.server, bytes: received };
  const user = (activity.kind === 'login' ? activity.user : undefined) ?? facts.user;
  return {
    source: client,
    client,
    destination: server,
    server,
    network: {
      type: `ipv${connection.ipVersion}`,
      transport: 'tcp',
      protocol: protocol && packetbeatType(protocol),
      bytes: sent === undefined || received === undefined ? undefined : sent + received,
      community_id: communityId(connection.client, connection.server),
    },
    related: { ip: [connection.client.ip, connection.server.ip] },
    user: user === undefined ? undefined : { name: user },
  };
}

function statementFields(statement: Statement, analysis: SqlAnalysis | undefined, { protocol = '' }: Session) {
  const type = packetbeatType(protocol);
  const [target] = analysis === undefined ? (statement.targets ?? []) : analysis.tables;
  const isResource = RESOURCE_TYPES.has(type);
  return {
    type,
    method: statement.operation ?? analysis?.operation,
    query: analysis === undefined ? statement.text : analysis.text,
    path: isResource ? undefined : target,
    resource: isResource ? target : undefined,
    params: statement.parameters,
    status: { ok: 'OK', failed: 'Error', unseen: undefined }[statement.outcome.kind],
    ...(type === '' ? {} : { [type]: databaseFields(type, statement) }),
  };
}

function databaseFields(type: string, { outcome, returnedRows, affectedRows, insertId }: Statement) {
  const failed = outcome.kind === 'failed' ? outcome : undefined;
  if (type === 'redis') return { error: failed && `${failed.code} ${failed.message}` };
  return {
    num_rows: returnedRows,
    error_code: failed && errorCode(type, failed),
    error_message: failed?.message,
    ...(type === 'mysql' ? { affected_rows: affectedRows, insert_id: smallNumber(insertId) } : {}),
  };
}

/** MySQL's are numbers, also in Packetbeat's mapping. */
function errorCode(type: string, { code }: Extract<Outcome, { readonly kind: 'failed' }>): string | number | undefined {
  return type === 'mysql' ? smallNumber(code) : code;
}

/** Left out where it would not be exact, or is none: the mapping takes nothing else. */
function smallNumber(decimal: string | undefined): number | undefined {
  const value = Number(decimal);
  return Number.isSafeInteger(value) ? value : undefined;
}

/** Packetbeat puts its notes about a transaction here. */
function errorOf(activity: AuditEvent['activity']) {
  const notes = 'notes' in activity ? activity.notes : undefined;
  if (notes !== undefined && notes.length > 0) return { message: [...notes] };
  const detail = 'detail' in activity ? activity.detail : undefined;
  if (detail !== undefined) return { message: [detail] };
  return activity.kind === 'login' && activity.outcome.kind === 'failed'
    ? { code: activity.outcome.code, message: [activity.outcome.message] }
    : undefined;
}
