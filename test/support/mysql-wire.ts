/** Builds MySQL's bytes by the names the protocol gives them, so that a test says what was sent. */

export const CAPABILITY = {
  mysql: 1,
  connectWithDb: 1 << 3,
  compress: 1 << 5,
  localFiles: 1 << 7,
  protocol41: 1 << 9,
  ssl: 1 << 11,
  transactions: 1 << 13,
  secureConnection: 1 << 15,
  multiStatements: 1 << 16,
  multiResults: 1 << 17,
  pluginAuth: 1 << 19,
  connectAttrs: 1 << 20,
  lenencAuth: 1 << 21,
  sessionTrack: 1 << 23,
  deprecateEof: 1 << 24,
  optionalMetadata: 1 << 25,
  zstd: 1 << 26,
  queryAttributes: 1 << 27,
} as const;

export const CACHE_METADATA = 1 << 4;

/** What every client since 5.6 can do. */
export const MODERN =
  CAPABILITY.mysql |
  CAPABILITY.connectWithDb |
  CAPABILITY.protocol41 |
  CAPABILITY.transactions |
  CAPABILITY.secureConnection |
  CAPABILITY.multiResults |
  CAPABILITY.pluginAuth |
  CAPABILITY.connectAttrs;

export const STATUS = {
  autocommit: 0x0002,
  moreResults: 0x0008,
  cursorExists: 0x0040,
  lastRowSent: 0x0080,
  outParameters: 0x1000,
  sessionStateChanged: 0x4000,
} as const;

type Bytes = Buffer | string | readonly number[];

export function bytes(...parts: readonly Bytes[]): Buffer {
  return Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : Buffer.from(part))));
}

export function uint16(value: number): Buffer {
  const out = Buffer.alloc(2);
  out.writeUInt16LE(value);
  return out;
}

function uint24(value: number): Buffer {
  const out = Buffer.alloc(3);
  out.writeUIntLE(value, 0, 3);
  return out;
}

export function uint32(value: number): Buffer {
  const out = Buffer.alloc(4);
  out.writeUInt32LE(value >>> 0);
  return out;
}

export function uint64(value: bigint): Buffer {
  const out = Buffer.alloc(8);
  out.writeBigUInt64LE(BigInt.asUintN(64, value));
  return out;
}

export function zeroTerminated(text: string): Buffer {
  return bytes(text, [0]);
}

function lenenc(value: number | bigint): Buffer {
  if (value < 0xfb) return Buffer.from([Number(value)]);
  if (value < 0x10000) return bytes([0xfc], uint16(Number(value)));
  if (value < 0x1000000) return bytes([0xfd], uint24(Number(value)));
  return bytes([0xfe], uint64(BigInt(value)));
}

export function lenencString(value: Bytes): Buffer {
  const content = bytes(value);
  return bytes(lenenc(content.length), content);
}

/** One packet, continued as often as its length asks for. */
export function packet(sequence: number, ...body: readonly Bytes[]): Buffer {
  const content = bytes(...body);
  const parts: Buffer[] = [];
  let at = 0;
  let number = sequence;
  for (;;) {
    const part = content.subarray(at, at + 0xffffff);
    parts.push(uint24(part.length), Buffer.from([number & 0xff]), part);
    at += part.length;
    number += 1;
    if (part.length < 0xffffff) return Buffer.concat(parts);
  }
}

/** Packets with numbers that go on from `first`. */
export function packets(first: number, bodies: readonly Bytes[]): Buffer {
  return Buffer.concat(bodies.map((body, index) => packet(first + index, body)));
}

export interface GreetingFields {
  readonly version?: string;
  readonly connectionId?: number;
  readonly capabilities?: number;
  readonly extendedCapabilities?: number;
  readonly plugin?: string;
}

export function greeting(fields: GreetingFields = {}): Buffer {
  const capabilities = fields.capabilities ?? ~0;
  return packet(
    0,
    [10],
    zeroTerminated(fields.version ?? '8.4.3'),
    uint32(fields.connectionId ?? 7),
    'scramble',
    [0],
    uint16(capabilities & 0xffff),
    [45],
    uint16(STATUS.autocommit),
    uint16(capabilities >>> 16),
    [21],
    Buffer.alloc(6),
    uint32(fields.extendedCapabilities ?? 0),
    'scramble2nd.',
    [0],
    zeroTerminated(fields.plugin ?? 'mysql_native_password'),
  );
}

/** Servers before 4.1 end here. */
export function oldGreeting(version = '4.0.27'): Buffer {
  return packet(
    0,
    [10],
    zeroTerminated(version),
    uint32(7),
    'scramble',
    [0],
    uint16(0x202c),
    [8],
    uint16(2),
    Buffer.alloc(13),
  );
}

export interface ResponseFields {
  readonly capabilities?: number;
  readonly extendedCapabilities?: number;
  readonly collation?: number;
  readonly user?: string;
  readonly database?: string;
  readonly plugin?: string;
  readonly attributes?: Readonly<Record<string, string>>;
  readonly sequence?: number;
}

export function handshakeResponse(fields: ResponseFields = {}): Buffer {
  const capabilities = fields.capabilities ?? MODERN;
  const scramble = Buffer.alloc(20, 0xaa);
  const parts: Bytes[] = [
    uint32(capabilities),
    uint32(0x1000000),
    [fields.collation ?? 45],
    Buffer.alloc(19),
    uint32(fields.extendedCapabilities ?? 0),
    zeroTerminated(fields.user ?? 'app'),
  ];
  if (capabilities & CAPABILITY.lenencAuth) parts.push(lenencString(scramble));
  else if (capabilities & CAPABILITY.secureConnection) parts.push([scramble.length], scramble);
  else parts.push(zeroTerminated('oldpassw'));
  if (capabilities & CAPABILITY.connectWithDb) parts.push(zeroTerminated(fields.database ?? 'shop'));
  if (capabilities & CAPABILITY.pluginAuth) parts.push(zeroTerminated(fields.plugin ?? 'mysql_native_password'));
  if (capabilities & CAPABILITY.connectAttrs) {
    const pairs = Object.entries(fields.attributes ?? {}).flatMap(([key, value]) => [
      lenencString(key),
      lenencString(value),
    ]);
    parts.push(lenencString(Buffer.concat(pairs)));
  }
  return packet(fields.sequence ?? 1, ...parts);
}

export function oldHandshakeResponse(user: string, database: string): Buffer {
  return packet(
    1,
    uint16(CAPABILITY.connectWithDb),
    uint24(0xffff),
    zeroTerminated(user),
    zeroTerminated('pass'),
    zeroTerminated(database),
  );
}

export function tlsRequest(capabilities = MODERN | CAPABILITY.ssl): Buffer {
  return packet(1, uint32(capabilities), uint32(0x1000000), [45], Buffer.alloc(23));
}

export interface OkFields {
  readonly header?: number;
  readonly affectedRows?: number | bigint;
  readonly insertId?: number | bigint;
  readonly status?: number;
  readonly warnings?: number;
  readonly schema?: string;
  readonly characterSetClient?: string;
}

/** The body of an OK. */
function okBody(fields: OkFields = {}): Buffer {
  const state: Buffer[] = [];
  if (fields.schema !== undefined) state.push(bytes([1], lenencString(lenencString(fields.schema))));
  if (fields.characterSetClient !== undefined) {
    const variable = bytes(lenencString('character_set_client'), lenencString(fields.characterSetClient));
    state.push(bytes([0], lenencString(variable)));
  }
  const status = (fields.status ?? STATUS.autocommit) | (state.length > 0 ? STATUS.sessionStateChanged : 0);
  return bytes(
    [fields.header ?? 0],
    lenenc(fields.affectedRows ?? 0),
    lenenc(fields.insertId ?? 0),
    uint16(status),
    uint16(fields.warnings ?? 0),
    state.length > 0 ? bytes(lenencString(''), lenencString(Buffer.concat(state))) : '',
  );
}

export function ok(fields: OkFields = {}, sequence = 1): Buffer {
  return packet(sequence, okBody(fields));
}

export function eofBody(status: number = STATUS.autocommit, warnings = 0): Buffer {
  return bytes([0xfe], uint16(warnings), uint16(status));
}

export function errBody(code: number, sqlstate: string, message: string): Buffer {
  return bytes([0xff], uint16(code), sqlstate === '' ? '' : `#${sqlstate}`, message);
}

export function err(code: number, sqlstate: string, message: string, sequence = 1): Buffer {
  return packet(sequence, errBody(code, sqlstate, message));
}

export function columnDefinition(name: string, type = 253): Buffer {
  const texts = ['def', 'shop', 't', 't', name, name].map((text) => lenencString(text));
  return bytes(...texts, [0x0c], uint16(45), uint32(255), [type], uint16(0), [0, 0, 0]);
}

export interface ResultFields {
  readonly columns?: number;
  readonly rows?: number;
  /** A row as it stands; else the text `v` in each column. */
  readonly row?: Buffer;
  readonly deprecateEof?: boolean;
  readonly status?: number;
  readonly warnings?: number;
  /** MariaDB's cached metadata (`after` the count) or MySQL's optional (`before`): whether definitions follow. */
  readonly metadata?: { readonly at: 'before' | 'after'; readonly follows: boolean };
  readonly sequence?: number;
  /** Instead of the end of the rows. */
  readonly error?: Buffer;
}

/** A result set. */
export function resultSet(fields: ResultFields = {}): Buffer {
  const { columns = 1, rows = 1, deprecateEof = false, status = STATUS.autocommit, warnings = 0, metadata } = fields;
  const count = lenenc(columns);
  const flag = Buffer.from([metadata?.follows === false ? 0 : 1]);
  const bodies: Buffer[] = [
    metadata === undefined ? count : metadata.at === 'before' ? bytes(flag, count) : bytes(count, flag),
  ];
  if (metadata?.follows !== false) {
    for (let index = 0; index < columns; index += 1) bodies.push(columnDefinition(`c${index}`));
  }
  if (!deprecateEof) bodies.push(eofBody(status & ~STATUS.moreResults, 0));
  const row = fields.row ?? Buffer.concat(new Array<Buffer>(columns).fill(lenencString('v')));
  for (let index = 0; index < rows; index += 1) bodies.push(row);
  bodies.push(fields.error ?? (deprecateEof ? okBody({ header: 0xfe, status, warnings }) : eofBody(status, warnings)));
  return packets(fields.sequence ?? 1, bodies);
}

export function command(code: number, ...body: readonly Bytes[]): Buffer {
  return packet(0, [code], ...body);
}

export function query(sql: Bytes): Buffer {
  return command(3, sql);
}

export function prepare(sql: string): Buffer {
  return command(0x16, sql);
}

export interface PrepareOkFields {
  readonly id?: number;
  readonly parameters?: number;
  readonly columns?: number;
  readonly deprecateEof?: boolean;
}

export function prepareOk(fields: PrepareOkFields = {}): Buffer {
  const { id = 1, parameters = 0, columns = 0, deprecateEof = false } = fields;
  const bodies: Buffer[] = [bytes([0], uint32(id), uint16(columns), uint16(parameters), [0], uint16(0))];
  for (const count of [parameters, columns]) {
    for (let index = 0; index < count; index += 1) bodies.push(columnDefinition('?'));
    if (count > 0 && !deprecateEof) bodies.push(eofBody());
  }
  return packets(1, bodies);
}

/** A bound parameter: its type, and its value on the wire (undefined: NULL; 'long': sent ahead). */
export interface Bound {
  readonly type: number;
  readonly unsigned?: boolean;
  readonly value: Buffer | undefined | 'long';
  readonly name?: string;
}

export interface ExecuteFields {
  readonly id?: number;
  readonly flags?: number;
  readonly bound?: readonly Bound[];
  /** Types are sent; false: as last time. */
  readonly types?: boolean;
  /** With query attributes: the count is sent, and a name with each type. */
  readonly counted?: boolean;
}

function boundValues(bound: readonly Bound[], types: boolean, counted: boolean): Buffer {
  const bitmap = Buffer.alloc((bound.length + 7) >> 3);
  bound.forEach(({ value }, index) => {
    if (value === undefined) bitmap[index >> 3] = (bitmap[index >> 3] ?? 0) | (1 << (index & 7));
  });
  const typeBytes = bound.map(({ type, unsigned = false, name = '' }) =>
    bytes([type, unsigned ? 0x80 : 0], counted ? lenencString(name) : ''),
  );
  const values = bound.map(({ value }) => (value === undefined || value === 'long' ? Buffer.alloc(0) : value));
  return bytes(bitmap, [types ? 1 : 0], ...(types ? typeBytes : []), ...values);
}

export function execute(fields: ExecuteFields = {}): Buffer {
  const { id = 1, flags = 0, bound = [], types = true, counted = false } = fields;
  const count = counted ? lenenc(bound.length) : '';
  const tail = bound.length > 0 ? boundValues(bound, types, counted) : '';
  return command(0x17, uint32(id), [flags], uint32(1), count, tail);
}

export function queryWithAttributes(sql: string, attributes: readonly Bound[]): Buffer {
  const tail = attributes.length > 0 ? boundValues(attributes, true, true) : '';
  return command(3, lenenc(attributes.length), lenenc(1), tail, sql);
}

export function sendLongData(id: number, parameter: number, data: Bytes): Buffer {
  return command(0x18, uint32(id), uint16(parameter), data);
}

export function closeStatement(id: number): Buffer {
  return command(0x19, uint32(id));
}

/** A packet of the compressed protocol around `content`, which may hold several packets or a part of one. */
export function compressedPacket(sequence: number, content: Buffer, compress?: (content: Buffer) => Buffer): Buffer {
  const body = compress === undefined ? content : compress(content);
  return bytes(uint24(body.length), [sequence], uint24(compress === undefined ? 0 : content.length), body);
}
