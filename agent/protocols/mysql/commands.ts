import { FULL_PACKET_BYTES, PACKET_HEADER_BYTES, packetLength } from './packets.ts';

/*
 * What a client can ask. https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_command_phase.html
 * MariaDB's own: https://mariadb.com/docs/server/reference/clientserver-protocol/2-text-protocol
 */

export const COM_QUIT = 0x01;
export const COM_INIT_DB = 0x02;
export const COM_QUERY = 0x03;
export const COM_FIELD_LIST = 0x04;
export const COM_CREATE_DB = 0x05;
export const COM_DROP_DB = 0x06;
export const COM_STATISTICS = 0x09;
export const COM_PROCESS_KILL = 0x0c;
export const COM_CHANGE_USER = 0x11;
const COM_BINLOG_DUMP = 0x12;
const COM_TABLE_DUMP = 0x13;
export const COM_REGISTER_SLAVE = 0x15;
export const COM_STMT_PREPARE = 0x16;
export const COM_STMT_EXECUTE = 0x17;
export const COM_STMT_SEND_LONG_DATA = 0x18;
export const COM_STMT_CLOSE = 0x19;
export const COM_STMT_RESET = 0x1a;
export const COM_STMT_FETCH = 0x1c;
const COM_BINLOG_DUMP_GTID = 0x1e;
export const COM_RESET_CONNECTION = 0x1f;
export const COM_STMT_BULK_EXECUTE = 0xfa;
/** MariaDB 10.2 alone: several commands in one packet. */
export const COM_MULTI = 0xfe;

const NAMES: Readonly<Record<number, string>> = {
  0: 'COM_SLEEP',
  [COM_QUIT]: 'COM_QUIT',
  [COM_INIT_DB]: 'COM_INIT_DB',
  [COM_QUERY]: 'COM_QUERY',
  [COM_FIELD_LIST]: 'COM_FIELD_LIST',
  [COM_CREATE_DB]: 'COM_CREATE_DB',
  [COM_DROP_DB]: 'COM_DROP_DB',
  7: 'COM_REFRESH',
  8: 'COM_SHUTDOWN',
  [COM_STATISTICS]: 'COM_STATISTICS',
  10: 'COM_PROCESS_INFO',
  11: 'COM_CONNECT',
  [COM_PROCESS_KILL]: 'COM_PROCESS_KILL',
  13: 'COM_DEBUG',
  14: 'COM_PING',
  15: 'COM_TIME',
  16: 'COM_DELAYED_INSERT',
  [COM_CHANGE_USER]: 'COM_CHANGE_USER',
  [COM_BINLOG_DUMP]: 'COM_BINLOG_DUMP',
  [COM_TABLE_DUMP]: 'COM_TABLE_DUMP',
  20: 'COM_CONNECT_OUT',
  [COM_REGISTER_SLAVE]: 'COM_REGISTER_SLAVE',
  [COM_STMT_PREPARE]: 'COM_STMT_PREPARE',
  [COM_STMT_EXECUTE]: 'COM_STMT_EXECUTE',
  [COM_STMT_SEND_LONG_DATA]: 'COM_STMT_SEND_LONG_DATA',
  [COM_STMT_CLOSE]: 'COM_STMT_CLOSE',
  [COM_STMT_RESET]: 'COM_STMT_RESET',
  27: 'COM_SET_OPTION',
  [COM_STMT_FETCH]: 'COM_STMT_FETCH',
  29: 'COM_DAEMON',
  [COM_BINLOG_DUMP_GTID]: 'COM_BINLOG_DUMP_GTID',
  [COM_RESET_CONNECTION]: 'COM_RESET_CONNECTION',
  32: 'COM_CLONE',
  33: 'COM_SUBSCRIBE_GROUP_REPLICATION_STREAM',
  [COM_STMT_BULK_EXECUTE]: 'COM_STMT_BULK_EXECUTE',
  [COM_MULTI]: 'COM_MULTI',
};

/** The protocol's name of a command; servers answer "unknown command" to what has none. */
export function commandName(code: number): string {
  return NAMES[code] ?? `COM_${code}`;
}

/** Whether the answer is a stream of events without end. */
export function isDump(code: number): boolean {
  return code === COM_BINLOG_DUMP || code === COM_BINLOG_DUMP_GTID || code === COM_TABLE_DUMP;
}

/** Least and greatest body of the commands that a client sends in ordinary life, the command byte included. */
const BODY_BYTES: Readonly<Record<number, readonly [number, number]>> = {
  [COM_QUIT]: [1, 1],
  [COM_INIT_DB]: [2, 1024],
  [COM_QUERY]: [2, FULL_PACKET_BYTES],
  [COM_FIELD_LIST]: [2, 2048],
  7: [2, 2],
  8: [1, 2],
  [COM_STATISTICS]: [1, 1],
  10: [1, 1],
  [COM_PROCESS_KILL]: [5, 5],
  13: [1, 1],
  14: [1, 1],
  [COM_CHANGE_USER]: [4, 65_536],
  [COM_BINLOG_DUMP]: [11, 1024],
  [COM_REGISTER_SLAVE]: [18, 1024],
  [COM_STMT_PREPARE]: [2, FULL_PACKET_BYTES],
  [COM_STMT_EXECUTE]: [10, FULL_PACKET_BYTES],
  [COM_STMT_SEND_LONG_DATA]: [7, FULL_PACKET_BYTES],
  [COM_STMT_CLOSE]: [5, 5],
  [COM_STMT_RESET]: [5, 5],
  27: [3, 3],
  [COM_STMT_FETCH]: [9, 9],
  [COM_BINLOG_DUMP_GTID]: [20, 65_536],
  [COM_RESET_CONNECTION]: [1, 1],
  [COM_STMT_BULK_EXECUTE]: [7, FULL_PACKET_BYTES],
};

/** The command byte and what begins attributes: what is shorter may become a query with attributes. */
const ATTRIBUTES_PREFIX_END = 4;
/** int<1> command, int<4> statement, int<1> flags, int<4> iterations. */
export const EXECUTE_HEAD_BYTES = 10;
/** So much of a text must look like one before a command in the middle of a stream is believed. */
const TEXT_SAMPLE_BYTES = 16;

/**
 * Whether `buffer[start, end)`, a piece of what a client sent, may well begin with a command: the packets in it end where
 * it ends, or it holds the beginning of a long statement. undefined: too few bytes to tell.
 */
export function beginsWithCommand(buffer: Buffer, start: number, end: number): boolean | undefined {
  let position = start;
  while (position < end) {
    // Behind a whole packet the beginning of another is no doubt, as far as it goes.
    const isFirst = position === start;
    if (end - position <= PACKET_HEADER_BYTES)
      return isFirst ? undefined : end - position < PACKET_HEADER_BYTES || buffer[position + 3] === 0;
    const length = packetLength(buffer, position);
    const code = buffer[position + PACKET_HEADER_BYTES] ?? 0;
    const bounds = BODY_BYTES[code];
    if (buffer[position + 3] !== 0 || bounds === undefined || length < bounds[0] || length > bounds[1]) return false;
    const bodyStart = position + PACKET_HEADER_BYTES;
    const isText = code === COM_QUERY || code === COM_STMT_PREPARE;
    const textEnd = Math.min(bodyStart + length, end);
    if (isText && !looksLikeText(buffer, bodyStart + 1, textEnd, code === COM_QUERY)) {
      return textEnd === end && textEnd - bodyStart < ATTRIBUTES_PREFIX_END && isFirst ? undefined : false;
    }
    position = bodyStart + length;
    if (position > end && isFirst && !isText && !beginsLongRequest(buffer, code, bodyStart, end)) return false;
  }
  return true;
}

/**
 * An execution or a part of a parameter that is longer than one piece: statement ids are small, an execution's iteration
 * count is 1, and few statements have more than 255 parameters.
 */
function beginsLongRequest(buffer: Buffer, code: number, bodyStart: number, end: number): boolean {
  if (end - bodyStart < EXECUTE_HEAD_BYTES || buffer.readUInt16LE(bodyStart + 3) !== 0) return false;
  if (code === COM_STMT_EXECUTE) return buffer.readUInt32LE(bodyStart + 6) === 1;
  return code === COM_STMT_SEND_LONG_DATA && buffer[bodyStart + 6] === 0;
}

/** Query attributes stand before the text: how many there are, then that one set of them is given. */
export function hasAttributesPrefix(buffer: Buffer, start: number, end: number): boolean {
  return end - start > 2 && buffer[start + 1] === 1 && (buffer[start] ?? 0) < 0xfb;
}

function looksLikeText(buffer: Buffer, start: number, end: number, mayHaveAttributes: boolean): boolean {
  if (mayHaveAttributes && hasAttributesPrefix(buffer, start, end)) return true;
  const until = Math.min(end, start + TEXT_SAMPLE_BYTES);
  for (let position = start; position < until; position += 1) {
    const byte = buffer[position] ?? 0;
    if (byte < 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d) return false;
  }
  return true;
}
