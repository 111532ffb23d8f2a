/**
 * Lines of ingress-nginx's access log.
 * https://kubernetes.github.io/ingress-nginx/user-guide/nginx-configuration/log-format/
 */
import { isIP } from 'node:net';
import * as z from 'zod';
import { NANOS_PER_SECOND } from '../timeline.ts';
import type { HttpRequestFacts } from './http-access.ts';
import { maskQuery, maskText } from './url-secrets.ts';

export type IngressNginxFormat = 'default' | 'json';

/** nginx itself makes 32 hex digits; clients may send what they like in X-Request-ID. */
const MAX_REQUEST_ID = 256;
/** `ADDRESS - USER [TIME] `. A user's name may hold anything but a quote: the last bracket is nginx's own. */
const BEFORE_REQUEST = /^(\S+) - .* \[([^\]]{20,32})\] $/;
const STATUS_AND_BYTES = /^ (\d{3}) (\d{1,15}) $/;
/** Behind the user agent. Upstreams are lists where one was tried after another; what comes last may be the client's own words. */
const LIST = (element: string) => `${element}(?:(?:, | : )${element})*`;
const AFTER_AGENT = new RegExp(
  `^ (\\d{1,15}) (\\d{1,9}\\.\\d{1,6}) \\[[^\\]]*\\] \\[[^\\]]*\\] ${LIST('[^\\s,]+')} ${LIST('(?:\\d+|-)')} ${LIST('(?:[\\d.]+|-)')} ${LIST('(?:\\d+|-)')} (.*)$`,
);
const REQUEST_LINE = /^([A-Za-z][\w.-]{0,63}) (\S+)(?: HTTP\/\d(?:\.\d)?)?$/;
const LOCAL_TIME = /^(\d\d)\/(\w{3})\/(\d{4}):(\d\d:\d\d:\d\d) ([+-]\d\d)(\d\d)$/;
const MONTHS = 'JanFebMarAprMayJunJulAugSepOctNovDec';
const ABSENT = new Set(['', '-']);

/** What a line says, or undefined where it is not understood. Never throws; its time is linear in the line's length. */
export function parseIngressNginx(line: string, format: IngressNginxFormat): HttpRequestFacts | undefined {
  return format === 'json' ? parseJson(line) : parseDefault(line);
}

/** nginx escapes quotes in all that it did not write itself: each that is there is the format's own. */
function parseDefault(line: string): HttpRequestFacts | undefined {
  const [before, request, status, , between, userAgent, after, ...more] = line.split('"');
  if (before === undefined || request === undefined || status === undefined || after === undefined) return undefined;
  if (between !== ' ' || more.length > 0) return undefined;
  const [, address, time] = BEFORE_REQUEST.exec(before) ?? [];
  const [, code, bodyBytes] = STATUS_AND_BYTES.exec(status) ?? [];
  const [, length, seconds, id] = AFTER_AGENT.exec(after) ?? [];
  const endedAt = time === undefined ? undefined : parseLocalTime(time);
  if (endedAt === undefined || code === undefined || length === undefined) return undefined;
  return {
    ...requestLine(unescaped(request)),
    domain: undefined,
    endedAt,
    durationNanos: nanosOf(Number(seconds)),
    status: statusOf(Number(code)),
    requestBytes: Number(length),
    responseBytes: Number(bodyBytes),
    requestId: present(unescaped(id ?? ''))?.slice(0, MAX_REQUEST_ID),
    clientIp: addressOf(address),
    userAgent: masked(present(unescaped(userAgent ?? ''))),
  };
}

const text = z.string().optional();
const amount = z.union([z.number(), z.string()]).transform(Number).optional().catch(undefined);
/** The names of the documentation's example, of which some are spelt otherwise by many, and nginx's own. */
const jsonLine = z.looseObject({
  time: text,
  time_iso8601: text,
  time_local: text,
  msec: amount,
  remote_addr: text,
  x_forwarded_for: text,
  request_id: text,
  req_id: text,
  request: text,
  method: text,
  request_method: text,
  path: text,
  uri: text,
  request_uri: text,
  request_query: text,
  args: text,
  vhost: text,
  host: text,
  status: amount,
  bytes_sent: amount,
  body_bytes_sent: amount,
  request_length: amount,
  request_time: amount,
  duration: amount,
  http_user_agent: text,
});

function parseJson(line: string): HttpRequestFacts | undefined {
  const { success, data } = jsonLine.safeParse(jsonOf(line));
  if (!success) return undefined;
  const endedAt = timeOf(data.time ?? data.time_iso8601 ?? data.time_local, data.msec);
  if (endedAt === undefined || data.status === undefined || Number.isNaN(data.status)) return undefined;
  const method = present(data.method ?? data.request_method);
  const [uri, uriQuery] = splitTarget(data.path ?? data.uri ?? data.request_uri ?? '');
  const query = present(data.request_query ?? data.args) ?? uriQuery;
  return {
    ...(method === undefined
      ? requestLine(data.request ?? '')
      : { method, path: masked(present(uri)), query: query && maskQuery(query) }),
    domain: present(data.vhost ?? data.host),
    endedAt,
    durationNanos: nanosOf(data.request_time ?? data.duration),
    status: statusOf(data.status),
    requestBytes: countOf(data.request_length),
    responseBytes: countOf(data.bytes_sent ?? data.body_bytes_sent),
    requestId: present(data.request_id ?? data.req_id)?.slice(0, MAX_REQUEST_ID),
    // The last of the list is the one that nginx added; what is before it, clients can make up.
    clientIp: addressOf(data.remote_addr) ?? addressOf(data.x_forwarded_for?.split(',').at(-1)?.trim()),
    userAgent: masked(present(data.http_user_agent)),
  };
}

function jsonOf(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

/** What came in place of a request line (TLS on a plain port, an attack) is not shown: nobody knows what it holds. */
function requestLine(line: string): Pick<HttpRequestFacts, 'method' | 'path' | 'query'> {
  const [, method, target] = REQUEST_LINE.exec(line) ?? [];
  if (method === undefined || target === undefined) return { method: '_OTHER', path: undefined, query: undefined };
  // An absolute target may hold a user and password before its host. https://www.rfc-editor.org/rfc/rfc9112#section-3.2.2
  const [path, query] = splitTarget(target.replace(/^[a-z][a-z\d+.-]*:\/\/[^/?#]*/i, ''));
  return { method, path: masked(path === '' ? '/' : path), query: query && maskQuery(query) };
}

function splitTarget(target: string): readonly [string, string | undefined] {
  const mark = target.indexOf('?');
  return mark < 0 ? [target, undefined] : [target.slice(0, mark), present(target.slice(mark + 1))];
}

/** nginx writes bytes that are not printable ASCII, quotes and backslashes as `\xHH`. */
function unescaped(text: string): string {
  if (!text.includes('\\x')) return text;
  return text.replace(/(?:\\x[\dA-Fa-f]{2})+/g, (bytes) =>
    Buffer.from(bytes.replaceAll('\\x', ''), 'hex').toString('utf8'),
  );
}

function timeOf(time: string | undefined, msec: number | undefined): number | undefined {
  if (msec !== undefined) return inRange(msec * 1000);
  if (time === undefined) return undefined;
  return parseLocalTime(time) ?? (/^\d{4}-\d\d-\d\dT/.test(time) ? inRange(Date.parse(time)) : undefined);
}

function parseLocalTime(time: string): number | undefined {
  const [, day, month, year, clock, hours, minutes] = LOCAL_TIME.exec(time) ?? [];
  if (month === undefined) return undefined;
  const number = MONTHS.indexOf(month) / 3 + 1;
  return inRange(Date.parse(`${year}-${String(number).padStart(2, '0')}-${day}T${clock}${hours}:${minutes}`));
}

function inRange(millis: number): number | undefined {
  return Number.isFinite(millis) && millis >= 0 ? millis : undefined;
}

/** `000` where the client was gone before there was an answer. */
function statusOf(code: number): number | undefined {
  return Number.isInteger(code) && code >= 100 && code <= 599 ? code : undefined;
}

function countOf(value: number | undefined): number | undefined {
  return value !== undefined && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}

function nanosOf(seconds: number | undefined): number | undefined {
  return seconds === undefined ? undefined : countOf(Math.round(seconds * NANOS_PER_SECOND));
}

function addressOf(text: string | undefined): string | undefined {
  return text !== undefined && !text.includes('%') && isIP(text) !== 0 ? text : undefined;
}

function present(text: string | undefined): string | undefined {
  return text === undefined || ABSENT.has(text) ? undefined : text;
}

function masked(text: string | undefined): string | undefined {
  return text && maskText(text);
}
