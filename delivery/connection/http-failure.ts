import { type DeliveryCode, PoisonBatch, TryAgain, WrongConfiguration } from '../sinks/failure.ts';
import type { HttpResponse } from './http-client.ts';

/** Whoever asks for more is asked again before: a receiver's clock may be wrong. */
const MAX_RETRY_AFTER_MILLIS = 600_000;

/** What Go's and nginx' TLS ports answer in the clear. */
const PLAIN_TO_TLS = /\bplain HTTP request\b|\bHTTP request to an HTTPS server\b/i;

interface Meaning {
  readonly code: DeliveryCode;
  readonly words: string;
  readonly nextStep: string;
}

const MISTAKES: Readonly<Record<number, Meaning>> = {
  401: {
    code: 'DBA4001',
    words: 'it does not accept our credentials',
    nextStep: 'check the account and the file with the token or password',
  },
  403: {
    code: 'DBA4004',
    words: 'we may not write there',
    nextStep: 'give the account the right to write to this address',
  },
  404: {
    code: 'DBA4003',
    words: 'there is nothing at this path',
    nextStep: 'correct the path of the url, or create what it names',
  },
  405: { code: 'DBA4003', words: 'this path takes no POST', nextStep: 'correct the path of the url' },
  407: {
    code: 'DBA4006',
    words: 'a proxy on the way wants credentials',
    nextStep: 'use an address that needs no proxy',
  },
  410: { code: 'DBA4003', words: 'what was at this path is gone', nextStep: 'correct the path of the url' },
  415: {
    code: 'DBA4010',
    words: 'it does not understand how events are written',
    nextStep: 'set compression to gzip or none, as the receiver has it',
  },
};

/**
 * What an answer that is no success means (RFC 9110 15.5, 15.6): overload and faults of the receiver pass, what it says of
 * the content is about this batch, and the rest is for a person.
 * @param place for people, with the path
 * @param words the receiver's, without credentials
 */
export function httpFailure(
  { status, headers }: HttpResponse,
  place: string,
  words: string,
): TryAgain | PoisonBatch | WrongConfiguration {
  const said = `${place}: answers ${status}`;
  const quoted = words === '' ? '' : `: ${words}`;
  if (isPassing(status)) return new TryAgain('DBA4007', `${said}${quoted}`, retryAfterMillis(headers['retry-after']));
  if (status === 400 && PLAIN_TO_TLS.test(words))
    return new WrongConfiguration('DBA4006', `${said}: it wants TLS${quoted}`, 'write https in the url');
  if (status === 400 || status === 413 || status === 422) return new PoisonBatch(`${said}${quoted}`);
  const mistake = MISTAKES[status];
  if (mistake === undefined)
    return new WrongConfiguration('DBA4010', `${said}${quoted}`, 'check the address and what the receiver expects');
  return new WrongConfiguration(mistake.code, `${said}, ${mistake.words}${quoted}`, mistake.nextStep);
}

/** A page for people, such as a login or a welcome: not even with status 200 it means that anything was taken. */
export function webPageFailure({ status, headers }: HttpResponse, place: string): WrongConfiguration | undefined {
  if (!/^text\/html\b/i.test(headers['content-type'] ?? '')) return undefined;
  return new WrongConfiguration(
    'DBA4006',
    `${place}: answers ${status} with a web page`,
    'check the address: this is not the receiver’s endpoint for events',
  );
}

/** Request timeout, too early, too many; and faults of the receiver but for those that say that it never will. */
function isPassing(status: number): boolean {
  if (status === 408 || status === 425 || status === 429) return true;
  return status >= 500 && status !== 501 && status !== 505;
}

/** Seconds or a date. https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3 */
export function retryAfterMillis(value: string | undefined, now: number = Date.now()): number | undefined {
  if (value === undefined) return undefined;
  const millis = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - now;
  return Number.isNaN(millis) ? undefined : Math.min(Math.max(millis, 0), MAX_RETRY_AFTER_MILLIS);
}
