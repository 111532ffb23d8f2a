/** Builds PostgreSQL's messages by name, so that a test reads as a conversation. */

type Value = string | null | Buffer;

function message(type: string, ...parts: readonly (string | Buffer)[]): Buffer {
  const body = Buffer.concat(parts.map((part) => Buffer.from(part)));
  return Buffer.concat([Buffer.from(type), int32(body.length + 4), body]);
}

export function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value | 0);
  return bytes;
}

export function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeInt16BE(value);
  return bytes;
}

function values(list: readonly Value[]): Buffer {
  const written = list.map((value) => {
    if (value === null) return int32(-1);
    return Buffer.concat([int32(Buffer.byteLength(value)), Buffer.from(value)]);
  });
  return Buffer.concat([int16(list.length), ...written]);
}

function numbers(list: readonly number[], write: (value: number) => Buffer): Buffer {
  return Buffer.concat([int16(list.length), ...list.map(write)]);
}

function packet(code: number, ...parts: readonly (string | Buffer)[]): Buffer {
  const body = Buffer.concat(parts.map((part) => Buffer.from(part)));
  return Buffer.concat([int32(body.length + 8), int32(code), body]);
}

export interface BindFields {
  readonly portal?: string;
  readonly name?: string;
  readonly formats?: readonly number[];
  readonly values?: readonly Value[];
}

/** What a client sends. */
export const client = {
  startup: (parameters: Readonly<Record<string, string>>, minor = 0): Buffer =>
    packet(
      196_608 + minor,
      Object.entries(parameters)
        .map(([name, value]) => `${name}\0${value}\0`)
        .join(''),
      '\0',
    ),
  startupV2: (): Buffer => packet(131_072, Buffer.alloc(288)),
  sslRequest: (): Buffer => packet(80_877_103),
  gssencRequest: (): Buffer => packet(80_877_104),
  cancelRequest: (processId: number, key = Buffer.alloc(4, 7)): Buffer => packet(80_877_102, int32(processId), key),
  password: (secret: string): Buffer => message('p', secret, '\0'),
  saslInitial: (mechanism: string, response: string): Buffer =>
    message('p', mechanism, '\0', int32(response.length), response),
  query: (text: string | Buffer): Buffer => message('Q', text, '\0'),
  parse: (text: string, name = '', types: readonly number[] = []): Buffer =>
    message('P', `${name}\0${text}\0`, numbers(types, int32)),
  bind: ({ portal = '', name = '', formats = [], values: list = [] }: BindFields = {}): Buffer =>
    message('B', `${portal}\0${name}\0`, numbers(formats, int16), values(list), int16(0)),
  describe: (what: 'S' | 'P', name = ''): Buffer => message('D', `${what}${name}\0`),
  execute: (portal = '', rows = 0): Buffer => message('E', `${portal}\0`, int32(rows)),
  close: (what: 'S' | 'P', name: string): Buffer => message('C', `${what}${name}\0`),
  sync: (): Buffer => message('S'),
  flush: (): Buffer => message('H'),
  copyData: (data: string): Buffer => message('d', data),
  copyDone: (): Buffer => message('c'),
  copyFail: (reason: string): Buffer => message('f', `${reason}\0`),
  functionCall: (oid: number, list: readonly Value[]): Buffer =>
    message('F', int32(oid), int16(0), values(list), int16(0)),
  terminate: (): Buffer => message('X'),
};

export interface ErrorFields {
  readonly severity?: string;
  readonly code: string;
  readonly message: string;
  readonly position?: number;
}

function fields({ severity = 'ERROR', code, message: text, position }: ErrorFields): string {
  const where = position === undefined ? '' : `P${position}\0`;
  return `S${severity}\0V${severity}\0C${code}\0M${text}\0${where}Fpostgres.c\0L1\0\0`;
}

/** What a server sends. */
export const server = {
  authentication: (code: number, rest: string | Buffer = ''): Buffer => message('R', int32(code), rest),
  authenticationOk: (): Buffer => message('R', int32(0)),
  negotiateProtocolVersion: (minor: number): Buffer => message('v', int32(minor), int32(0)),
  parameterStatus: (name: string, value: string): Buffer => message('S', `${name}\0${value}\0`),
  backendKeyData: (processId: number, key = Buffer.alloc(4, 7)): Buffer => message('K', int32(processId), key),
  ready: (status: 'I' | 'T' | 'E' = 'I'): Buffer => message('Z', status),
  rowDescription: (...names: readonly string[]): Buffer =>
    message(
      'T',
      int16(names.length),
      ...names.map((name) => Buffer.concat([Buffer.from(`${name}\0`), Buffer.alloc(18)])),
    ),
  dataRow: (...list: readonly Value[]): Buffer => message('D', values(list)),
  complete: (tag: string): Buffer => message('C', `${tag}\0`),
  emptyQuery: (): Buffer => message('I'),
  error: (error: ErrorFields): Buffer => message('E', fields(error)),
  notice: (text: string): Buffer => message('N', fields({ severity: 'NOTICE', code: '00000', message: text })),
  notification: (channel: string): Buffer => message('A', int32(1), `${channel}\0\0`),
  parseComplete: (): Buffer => message('1'),
  bindComplete: (): Buffer => message('2'),
  closeComplete: (): Buffer => message('3'),
  parameterDescription: (...types: readonly number[]): Buffer => message('t', numbers(types, int32)),
  noData: (): Buffer => message('n'),
  portalSuspended: (): Buffer => message('s'),
  functionResult: (value: string): Buffer => message('V', int32(value.length), value),
  copyIn: (): Buffer => message('G', '\0', int16(1), int16(0)),
  copyOut: (): Buffer => message('H', '\0', int16(1), int16(0)),
  copyBoth: (): Buffer => message('W', '\0', int16(0)),
  copyData: (data: string): Buffer => message('d', data),
  copyDone: (): Buffer => message('c'),
};
