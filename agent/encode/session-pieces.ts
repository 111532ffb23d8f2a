import type { Session } from '../audit-event.ts';
import type { Endpoint } from '../tcp/byte-stream.ts';
import { communityId } from './community-id.ts';
import type { EncoderOptions } from './encoder.ts';
import type { JsonWriter } from './json-writer.ts';
import { type PackedText, Piece, WordPacker } from './piece.ts';

export const ECS_VERSION = '9.4.0';
/** Pieces that sessions share; beyond it all are made anew. 4096 pieces of 150 bytes are 1 MiB. */
const MAX_SHARED_PIECES = 4096;
/** What most of these databases' own tools and dashboards call them. */
const DATASETS: Readonly<Record<string, string>> = { postgresql: 'dbaudit.pgsql' };

/**
 * The parts of a line that stay the same from event to event of a session. What sessions have in common is shared, and
 * what is a session's own lies in one array: there may be very many sessions.
 */
export class SessionPieces {
  /** Of the session's facts when this was made. */
  readonly revision: number;
  /** `"},"ecs":…,"db":{"system":…,"namespace":…`. */
  readonly database: Piece;
  /** `"ip":…,"port":…`. */
  readonly server: Piece;
  /** `},"user":…,"kubernetes":…,"network":{…`. */
  readonly account: Piece;
  /** `,"program":…,"captured_from_start":…,"index":`. */
  readonly facts: Piece;
  /** `},"capture":{"mode":…`. */
  readonly capture: Piece;
  readonly okCode: '0' | '00000';
  readonly communityId: string | undefined;
  readonly #own: readonly number[];
  readonly #eventId: PackedText;
  readonly #client: PackedText;
  readonly #identity: PackedText;

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
    this.server = factory.shared(address(server));
    const account = user === undefined ? '' : `,"user":{"name":${json(user)}}`;
    this.account = factory.shared(
      `}${account}${factory.kubernetes},"network":{"transport":"tcp"${field('protocol', protocol)},"type":"ipv${ipVersion}"`,
    );
    this.facts = factory.shared(`${factsOf(session)},"index":`);
    this.capture = factory.shared(`},"capture":${factory.capture(connection.interfaceIndex)}`);
    this.okCode = protocol === 'postgresql' ? '00000' : '0';
    this.communityId = before === undefined ? communityId(client, server) : before.communityId;
    const community = field('community_id', this.communityId);
    const connectionId = field('connection_id', facts.connectionId);
    const packer = new WordPacker();
    this.#eventId = packer.add(`,"dataset":${json(datasetOf(protocol))},"id":"${session.id}-`);
    this.#client = packer.add(address(client));
    this.#identity = packer.add(`${community}},"dbaudit":{"schema":1,"session":{"id":"${session.id}"${connectionId}`);
    this.#own = packer.pack();
  }

  /** `,"dataset":…,"id":"<session>-`; the index follows. */
  writeEventId(into: JsonWriter): void {
    into.words(this.#own, this.#eventId.firstWord, this.#eventId.size);
  }

  /** `"ip":…,"port":…`. */
  writeClient(into: JsonWriter): void {
    into.words(this.#own, this.#client.firstWord, this.#client.size);
  }

  /** `,"community_id":…},"dbaudit":{"schema":1,"session":{"id":…`. */
  writeIdentity(into: JsonWriter): void {
    into.words(this.#own, this.#identity.firstWord, this.#identity.size);
  }
}

/** Makes pieces, once for each session and revision of its facts, and shares what is equal. */
export class SessionPieceFactory {
  readonly kubernetes: string;
  readonly #options: EncoderOptions;
  readonly #shared = new Map<string, Piece>();

  constructor(options: EncoderOptions) {
    this.#options = options;
    this.kubernetes = kubernetesOf(options);
  }

  of(session: Session): SessionPieces {
    const { facts } = session;
    const kept = keptOf(session);
    if (kept !== undefined && kept.revision === facts.revision) return kept;
    const pieces = new SessionPieces(session, facts.user, facts.database, this, kept);
    session.encoderCache = pieces;
    return pieces;
  }

  /** For an event that speaks of another account or database than the session's own. */
  withAccount(session: Session, user: string | undefined, database: string | undefined): SessionPieces {
    const { facts } = session;
    if (user === facts.user && database === facts.database) return this.of(session);
    return new SessionPieces(session, user, database, this, keptOf(session));
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

/** As JSON.stringify, but lone surrogates become U+FFFD: not every reader takes their escapes. */
function json(value: string): string {
  return JSON.stringify(value.toWellFormed());
}
