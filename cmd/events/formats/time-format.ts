import { UserError } from '../../../contract/user-error.ts';

/** `@timestamp` as it is shown. */
export type TimeFormat = (timestamp: string) => string;

export const TIME_FORMATS = ['time', 'datetime', 'rfc3339', 'full'] as const;
export type TimeFormatName = (typeof TIME_FORMATS)[number];

/**
 * `time`: 12:04:11.203; `datetime`: with the date; `rfc3339`: with date and offset; `full`: that in nanoseconds. `zone`
 * is `local`, `UTC` or an IANA name.
 * @throws UserError DBA1004 where there is no such zone
 */
export function createTimeFormat(name: TimeFormatName, zone: string): TimeFormat {
  const clock = zoneClock(zone);
  return (timestamp) => {
    const { date, time, offset } = clock(timestamp);
    const millis = timestamp.slice(19, 23);
    switch (name) {
      case 'time':
        return `${time}${millis}`;
      case 'datetime':
        return `${date} ${time}${millis}`;
      case 'rfc3339':
        return `${date}T${time}${millis}${offset}`;
      case 'full':
        return `${date}T${time}${timestamp.slice(19, 29)}${offset}`;
    }
  };
}

interface Clock {
  readonly date: string;
  readonly time: string;
  readonly offset: string;
}

/** Every zone is whole seconds away from UTC: the fraction is taken from the timestamp itself. */
function zoneClock(zone: string): (timestamp: string) => Clock {
  if (zone === 'UTC') return (at) => ({ date: at.slice(0, 10), time: at.slice(11, 19), offset: 'Z' });
  const format = openZone(zone);
  let second = '';
  let clock: Clock = { date: '', time: '', offset: '' };
  return (timestamp) => {
    if (timestamp.slice(0, 19) === second) return clock;
    second = timestamp.slice(0, 19);
    const parts = new Map(format.formatToParts(Date.parse(`${second}Z`)).map(({ type, value }) => [type, value]));
    clock = {
      date: `${parts.get('year')}-${parts.get('month')}-${parts.get('day')}`,
      time: `${parts.get('hour')}:${parts.get('minute')}:${parts.get('second')}`,
      offset: parts.get('timeZoneName')?.replace(/^GMT$/, 'Z').replace('GMT', '') ?? '',
    };
    return clock;
  };
}

function openZone(zone: string): Intl.DateTimeFormat {
  try {
    return new Intl.DateTimeFormat('en-GB', {
      ...(zone === 'local' ? {} : { timeZone: zone }),
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
      hourCycle: 'h23',
      timeZoneName: 'longOffset',
    });
  } catch {
    throw new UserError(
      'DBA1004',
      `--timezone ${zone}: there is no such time zone`,
      'Give local, UTC, or a name such as Europe/Berlin.',
    );
  }
}
