import { types } from 'node:util';
import { TryAgain, WrongConfiguration } from '../sinks/failure.ts';

/** `cause` chains and happy eyeballs nest two or three deep; a ring must not hold us. */
const MAX_DEPTH = 5;
/** A library's words are for a log line. */
const MAX_WORDS = 200;
/** Happy eyeballs try IPv6 where there is none; what the other address family says is the reason. */
const OTHER_FAMILY = new Set(['ENETUNREACH', 'EADDRNOTAVAIL', 'EAFNOSUPPORT']);

interface Meaning {
  /** Tried on the error's code, reason and message: lower case, `_` as blank. Node has OpenSSL's errors in all three places. */
  readonly pattern: RegExp;
  readonly failure: (place: string) => TryAgain | WrongConfiguration;
}

/** The first that fits counts. https://nodejs.org/api/errors.html and https://nodejs.org/api/tls.html#x509-certificate-error-codes */
const MEANINGS: readonly Meaning[] = [
  // Name resolution may come late: a Service is made after the pod, a resolver restarts. So it is tried again.
  away(/\benotfound\b/, 'its name cannot be resolved: there is no such host'),
  away(/\beai again\b/, 'its name cannot be resolved now: the name server does not answer'),
  away(/\beconnrefused\b/, 'the connection was refused: nothing listens at this port'),
  away(
    /\betimedout\b|\berr socket connection timeout\b/,
    'no answer to the attempt to connect: packets may be dropped on the way',
  ),
  away(/\behostunreach\b|\benetunreach\b|\behostdown\b|\benetdown\b/, 'there is no way to this address'),
  away(/\beaddrnotavail\b|\beafnosupport\b/, 'this machine has no address to reach it from'),
  away(/\bemfile\b|\benfile\b/, 'this process has too many open files'),
  wrong(
    'DBA4009',
    /\berr tls cert altname invalid\b|\bhostname mismatch\b/,
    'the certificate shown is for another name',
    'use the name it was made for as the address, or set tls.serverName',
  ),
  wrong(
    'DBA4002',
    /\bcert has expired\b/,
    'the certificate shown, or one that signed it, has run out',
    'renew it at the receiver; check this machine’s clock',
  ),
  wrong(
    'DBA4002',
    /\bcert not yet valid\b/,
    'the certificate shown, or one that signed it, is not valid yet',
    'check this machine’s clock and the receiver’s certificate',
  ),
  wrong(
    'DBA4002',
    /\bdepth zero self signed cert\b/,
    'the certificate shown is signed by itself and not trusted',
    'name it, or the certificate authority that should have signed it, in tls.caFile',
  ),
  wrong(
    'DBA4002',
    /\bself signed cert in chain\b/,
    'the certificate shown comes from a certificate authority that is not trusted',
    'name that certificate authority in tls.caFile',
  ),
  wrong(
    'DBA4002',
    /\bunable to (verify leaf signature|get issuer cert( locally)?)\b/,
    'the certificate authority that signed the certificate shown is not known',
    'name that certificate authority in tls.caFile, or have the receiver send its whole chain',
  ),
  wrong(
    'DBA4002',
    /\b(cert|crl) (signature failure|revoked|untrusted|rejected|chain too long)\b|\binvalid (ca|purpose)\b|\bpath length exceeded\b|\bunable to (decrypt cert signature|decode issuer public key)\b|\berror in cert not (before|after) field\b/,
    'the certificate shown is not accepted',
    'check the receiver’s certificate and tls.caFile',
  ),
  wrong(
    'DBA4001',
    /\balert (number 116|certificate required)\b|\bpeer did not return a certificate\b/,
    'it wants a certificate of ours, and was given none',
    'set tls.certFile and tls.keyFile',
  ),
  wrong(
    'DBA4001',
    /\balert (bad certificate|unknown ca|certificate (unknown|expired|revoked)|unsupported certificate|access denied)\b/,
    'it does not accept our certificate',
    'check tls.certFile: its certificate authority must be trusted by the receiver, and it must not have run out',
  ),
  wrong(
    'DBA4006',
    /\balert (handshake failure|insufficient security)\b/,
    'it broke off the TLS handshake: it wants a certificate of ours, or shares no cipher with us',
    'set tls.certFile and tls.keyFile if it uses mutual TLS; else check which TLS versions it offers',
  ),
  wrong(
    'DBA4006',
    /\balert protocol version\b|\bunsupported protocol\b|\balert no application protocol\b/,
    'it does not speak our version of TLS (1.2 or newer)',
    'have the receiver offer TLS 1.2 or 1.3',
  ),
  wrong(
    'DBA4009',
    /\bunrecognized name\b/,
    'it does not know itself by this name',
    'use its own name as the address, or set tls.serverName',
  ),
  wrong(
    'DBA4006',
    /\bwrong version number\b|\bpacket length too long\b|\bhttp request\b|\bunexpected message\b/,
    'what answers is not TLS',
    'use the receiver’s TLS port, or connect without TLS',
  ),
  wrong(
    'DBA4006',
    /\bhpe invalid|\bparse error\b.*\bhttp\b|\bhpe header overflow\b/,
    'what answers is not HTTP',
    'check the port, and whether it wants https',
  ),
  // Files that are there but not what they should be. Node names none of them, so all are asked for.
  wrong(
    'DBA4008',
    /\bkey values mismatch\b/,
    'tls.keyFile is not the key of the certificate in tls.certFile',
    'name a certificate and a key that belong together',
  ),
  wrong(
    'DBA4008',
    /\binterrupted or cancelled\b|\bmissing passphrase\b|\bbad decrypt\b|\bproblems getting password\b/,
    'tls.keyFile is protected by a passphrase',
    'use a key without one: the file itself is the secret',
  ),
  wrong(
    'DBA4008',
    /\berr ossl\b|\bpem (routines|no start line|bad)|\basn1\b|\bno start line\b|\bdecoder routines\b/,
    'a file of tls (caFile, certFile or keyFile) is not valid PEM',
    'check that each holds what it should: -----BEGIN CERTIFICATE----- or a private key',
  ),
  away(
    /\bbefore secure tls connection was established\b/,
    'the connection was closed during the TLS handshake: it restarts, or this is no TLS port',
  ),
  away(
    /\beconnreset\b|\bepipe\b|\beconnaborted\b|\bsocket hang up\b/,
    'the connection was closed by the other side: it restarts, or one of us speaks TLS and the other does not',
  ),
  away(/\beacces\b|\beperm\b/, 'the connection is not allowed here: a firewall or a network policy'),
];

/**
 * What an error of a connection means, from Node, OpenSSL or a library that wraps them, in words. Looks through `cause` and
 * AggregateError. What is unknown may pass later. A failure that is already classified stays what it is.
 * @param place where the connection leads, for people: `https://logs.example:443`; no credentials
 */
export function connectionFailure(error: unknown, place: string): TryAgain | WrongConfiguration {
  const errors = innermostFirst(error);
  const classified = errors.find((one) => one instanceof TryAgain || one instanceof WrongConfiguration);
  if (classified !== undefined) return classified;
  const telling = errors.filter((one) => !OTHER_FAMILY.has(codeOf(one)));
  for (const one of [...telling, ...errors]) {
    const words = wordsOf(one);
    const meaning = MEANINGS.find(({ pattern }) => pattern.test(words));
    if (meaning !== undefined) return meaning.failure(place);
  }
  return new TryAgain('DBA4005', `${place}: ${describe(errors[0] ?? error)}`);
}

function away(pattern: RegExp, words: string): Meaning {
  return { pattern, failure: (place) => new TryAgain('DBA4005', `${place}: ${words}`) };
}

function wrong(code: WrongConfiguration['code'], pattern: RegExp, words: string, nextStep: string): Meaning {
  return { pattern, failure: (place) => new WrongConfiguration(code, `${place}: ${words}`, nextStep) };
}

/** An error with all that are nested in it. The cause says more than what wraps it. */
export function innermostFirst(error: unknown, depth = MAX_DEPTH): Error[] {
  if (!types.isNativeError(error) || depth === 0) return [];
  const inner = 'errors' in error && Array.isArray(error.errors) ? [error.cause, ...error.errors] : [error.cause];
  return [...inner.flatMap((one) => innermostFirst(one, depth - 1)), error];
}

/** Node's code of an error, such as ECONNRESET; empty where it has none. */
export function codeOf(error: unknown): string {
  return types.isNativeError(error) && 'code' in error && typeof error.code === 'string' ? error.code : '';
}

function wordsOf(error: Error): string {
  const reason = 'reason' in error && typeof error.reason === 'string' ? error.reason : '';
  return `${codeOf(error)} ${reason} ${error.message}`.toLowerCase().replaceAll('_', ' ');
}

function describe(error: unknown): string {
  const words = types.isNativeError(error) ? error.message || codeOf(error) || error.name : String(error);
  return words.slice(0, MAX_WORDS);
}
