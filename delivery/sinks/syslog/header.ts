import { classNumber, EVENT_CLASSES, type EventClass } from '../../event-class.ts';

/** Numbers of RFC 5424, table 1; `audit` is "log audit". https://www.rfc-editor.org/rfc/rfc5424#section-6.2.1 */
export const FACILITIES = {
  user: 1,
  daemon: 3,
  auth: 4,
  authpriv: 10,
  audit: 13,
  local0: 16,
  local1: 17,
  local2: 18,
  local3: 19,
  local4: 20,
  local5: 21,
  local6: 22,
  local7: 23,
} as const;

export type Facility = keyof typeof FACILITIES;

const WARNING = 4;
const NOTICE = 5;
const INFORMATIONAL = 6;

/** What changes who may do what is worth a notice; what failed, and what the agent says of itself, a warning. */
const SEVERITIES: Readonly<Record<EventClass, number>> = {
  read: INFORMATIONAL,
  misc: INFORMATIONAL,
  write: INFORMATIONAL,
  login: NOTICE,
  ddl: NOTICE,
  error: WARNING,
  gap: WARNING,
};

/** Both are near the beginning of every format's line; further on, the text is the client's. */
const HEAD_BYTES = 512;
/** Up to microseconds, which is all the precision RFC 5424 takes. */
const TIMESTAMP = /^\{"@timestamp":"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?)\d*Z"/;
/** A message id is 32 characters of printable ASCII. */
const ACTION = /"action":"([!#-~]{1,32})"/;

/** Longer than any header: priority, time, host (255), application (48), process, message id (32) and what separates them. */
export const MAX_HEADER_BYTES = 512;

/** What a CEE receiver looks for in front of JSON. https://www.rsyslog.com/doc/configuration/modules/mmjsonparse.html */
const CEE_COOKIE = '@cee: ';

export interface HeaderSettings {
  readonly facility: Facility;
  /** Printable ASCII, as the next. */
  readonly hostname: string;
  readonly appName: string;
  /** Puts `@cee: ` in front of the event. */
  readonly cee: boolean;
}

/**
 * Writes what stands before the event in a message of RFC 5424, as ASCII: time and action are the event's. No structured
 * data: all of it is in the event. No byte order mark, which JSON forbids: to RFC 5424 the event is MSG-ANY.
 * https://www.rfc-editor.org/rfc/rfc5424#section-6
 */
export function headerWriter({ facility, hostname, appName, cee }: HeaderSettings) {
  const priorities = EVENT_CLASSES.map((name) => `<${FACILITIES[facility] * 8 + SEVERITIES[name]}>1 `);
  const misc = priorities[classNumber('misc')] ?? '';
  const origin = ` ${hostname} ${appName} ${process.pid} `;
  const end = ` - ${cee ? CEE_COOKIE : ''}`;
  return (line: Buffer, eventClass: number): string => {
    const head = line.toString('latin1', 0, HEAD_BYTES);
    const time = TIMESTAMP.exec(head)?.[1];
    const action = ACTION.exec(head)?.[1] ?? '-';
    return `${priorities[eventClass] ?? misc}${time === undefined ? '-' : `${time}Z`}${origin}${action}${end}`;
  };
}
