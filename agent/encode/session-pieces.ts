import { ECS_VERSION } from '../../contract/version.ts';
import type { Session } from '../audit-event.ts';
import type { Endpoint } from '../tcp/byte-stream.ts';
import { communityId } from './community-id.ts';
import type { EncoderOptions } from './encoder.ts';
import { Piece } from './piece.ts';

/** Sessions whose pieces are kept: those heard of last. Idle connections are many, and pieces are most of what one costs. */
const MAX_KEPT_SESSIONS = 2048;
/** Pieces that sessions share; beyond it all are made anew. 4096 pieces of 150 bytes are 1 MiB. */
const MAX_SHARED_PIECES = 4096;
const BYTES = ',"bytes":';
/** What most of these databases' own tools and dashboards call them. */
const DATASETS: Readonly<Record<string, string>> = { postgresql: 'dbaudit.pgsql' };

/**
 * The parts of a line that stay the same from event to event of a session. What sessions have in common is shared bytes;
 * what is a session's own are strings, which take the least memory: there may be very many sessions.
 */
export class SessionPieces {
  /** Of the session's facts when this was made. */
  readonly revision: number;
  /** `"},"ecs":…,"db":{"system":…,"namespace":…`. */
  readonly database: Piece;
  /** `,"dataset":…,"id":"<session>-`; the index follows. */
  readonly eventId: string;
  /** These four up to the bytes that follow; `withoutBytes` has them for events about neither request nor answer. */
  readonly source: string;
  readonly client: string;
  readonly destination: Piece;
  readonly server: Piece;
  /** `},"user":…,"kubernetes":…,"network":{…`. */
  readonly account: Piece;
  /** `,"program":…,"captured_from_start":…,"index":`. */
  readonly facts: Piece;
  /** `},"capture":{"mode":…`. */
  readonly capture: Piece;
  readonly okCode: '0' | '00000';
  readonly communityId: string | undefined;
  /** `,"community_id":…},"dbaudit":{"schema":1,"session":{"id":…`. */
  readonly identity: string;

  constructor(
    session: Session,
    user: string | undefined,
    database: string | undefined,
    factory: SessionPieceFactory,
    before: SessionPieces | undefined,
  ) {
    const { connection, facts, protocol } = session;
    const { client, server, ipVersion } = connection;
    this.revision = facts.revision;
    this.database = factory.shared(
      `"},"ecs":{"version":"${ECS_VERSION}"},"db":{"system":{"name":${json(facts.system)}}${field('namespace', database)}`,
    );
    this.source = `,"source":{${address(client)}${BYTES}`;
    this.client = `},"client":{${address(client)}${BYTES}`;
    this.destination = factory.shared(`},"destination":{${address(server)}${BYTES}`);
    this.server = factory.shared(`},"server":{${address(server)}${BYTES}`);
    const account = user === undefined ? '' : `,"user":{"name":${json(user)}}`;
    this.account = factory.shared(
      `}${account}${factory.kubernetes},"network":{"transport":"tcp"${field('protocol', protocol)},"type":"ipv${ipVersion}"`,
    );
    this.facts = factory.shared(`${factsOf(session)},"index":`);
    this.capture = factory.shared(`},"capture":${factory.capture(connection.interfaceIndex)}`);
    this.okCode = protocol === 'postgresql' ? '00000' : '0';
    this.communityId = before === undefined ? communityId(client, server) : before.communityId;
    const community = field('community_id', this.communityId);
    const connectionId = asciiField('connection_id', facts.connectionId);
    this.eventId = `,"dataset":${json(datasetOf(protocol))},"id":"${session.id}-`;
    this.identity = `${community}},"dbaudit":{"schema":1,"session":{"id":"${session.id}"${connectionId}`;
  }

  /** The four addresses of an event that is about neither a request nor an answer. */
  get withoutBytes(): string {
    const cut = (text: string) => text.slice(0, -BYTES.length);
    const server = [this.destination, this.server].map(({ bytes }) => cut(Buffer.from(bytes).toString()));
    return [cut(this.source), cut(this.client), ...server].join('');
  }
}

/** Makes pieces, once for each session and revision of its facts, and shares what is equal. */
export class SessionPieceFactory {
  readonly kubernetes: string;
  readonly #options: EncoderOptions;
  readonly #shared = new Map<string, Piece>();
  /** A ring: who is added takes the place of who was added longest ago. */
  readonly #kept: (Session | undefined)[] = [];
  #nextKept = 0;

  constructor(options: EncoderOptions) {
    this.#options = options;
    this.kubernetes = kubernetesOf(options);
  }

  of(session: Session): SessionPieces {
    const { facts } = session;
    const kept = keptOf(session);
    if (kept !== undefined && kept.revision === facts.revision) return kept;
    const pieces = new SessionPieces(session, facts.user, facts.database, this, kept);
    if (kept === undefined) this.#keep(session);
    session.encoderCache = pieces;
    return pieces;
  }

  /** For an event that speaks of another account or database than the session's own. */
  withAccount(session: Session, user: string | undefined, database: string | undefined): SessionPieces {
    const { facts } = session;
    if (user === facts.user && database === facts.database) return this.of(session);
    return new SessionPieces(session, user, database, this, keptOf(session));
  }

  #keep(session: Session): void {
    const forgotten = this.#kept[this.#nextKept];
    if (forgotten !== undefined) forgotten.encoderCache = undefined;
    this.#kept[this.#nextKept] = session;
    this.#nextKept = (this.#nextKept + 1) % MAX_KEPT_SESSIONS;
  }

  shared(text: string): Piece {
    let piece = this.#shared.get(text);
    if (piece === undefined) {
      if (this.#shared.size >= MAX_SHARED_PIECES) this.#shared.clear();
      piece = new Piece(text);
      this.#shared.set(text, piece);
    }
    return piece;
  }

  /** An object without its closing brace. */
  capture(interfaceIndex: number | undefined): string {
    const { captureMode, interfaceName } = this.#options;
    const name = interfaceIndex === undefined ? undefined : interfaceName?.(interfaceIndex);
    return `{"mode":"${captureMode}"${field('interface', name)}`;
  }
}

function keptOf({ encoderCache }: Session): SessionPieces | undefined {
  return encoderCache instanceof SessionPieces ? encoderCache : undefined;
}

/** `event.dataset` of a protocol. */
function datasetOf(protocol: string | undefined): string {
  return protocol === undefined ? 'dbaudit.session' : (DATASETS[protocol] ?? `dbaudit.${protocol}`);
}

/** `,"kubernetes":…` or nothing. */
function kubernetesOf({ ownPod }: EncoderOptions): string {
  if (ownPod === undefined) return '';
  const { namespace, pod, node } = ownPod;
  const nodeName = node === undefined ? '' : `,"node":{"name":${json(node)}}`;
  return `,"kubernetes":{"namespace":${json(namespace)},"pod":{"name":${json(pod)}}${nodeName}}`;
}

function factsOf({ connection, facts }: Session): string {
  const { program, driver, serverVersion, tls, authMethod } = facts;
  const tlsFacts = tls && `${field('version', tls.version)}${field('server_name', tls.serverName)}`.slice(1);
  return [
    field('program', program),
    field('driver', driver),
    field('server_version', serverVersion),
    tlsFacts === undefined ? '' : `,"tls":{${tlsFacts}}`,
    `,"captured_from_start":${connection.capturedFromStart}`,
    authMethod === undefined ? '' : `,"auth":{"method":${json(authMethod)}}`,
  ].join('');
}

function address({ ip, port }: Endpoint): string {
  return `"ip":"${ip}","port":${port}`;
}

function field(name: string, value: string | undefined): string {
  return value === undefined ? '' : `,"${name}":${json(value)}`;
}

/** For strings that are written without a look: whatever is not ASCII is escaped. */
function asciiField(name: string, value: string | undefined): string {
  return field(name, value).replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** As JSON.stringify, but lone surrogates become U+FFFD: not every reader takes their escapes. */
function json(value: string): string {
  return JSON.stringify(value.toWellFormed());
}
