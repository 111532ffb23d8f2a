/*
 * AuthenticationXXX ('R'): Int32 which one. https://www.postgresql.org/docs/current/protocol-message-formats.html
 * Only the name of the method is ever read; what proves who the client is never is.
 */

const SASL = 10;

const METHODS: Readonly<Record<number, string>> = {
  2: 'kerberos-v5',
  3: 'password',
  5: 'md5',
  6: 'scm-credential',
  7: 'gss',
  9: 'sspi',
  [SASL]: 'sasl',
};

/** A list of mechanisms, or a name; longer is none that exists. */
export const AUTHENTICATION_WANTED_BYTES = 256;

const MECHANISM = /^[A-Z0-9][A-Z0-9_-]{2,31}$/;

/** `ok`: the client is in. A name: the method the server asks for. Undefined: another step of the same method. */
export function authenticationMethod(buffer: Buffer, start: number, end: number): string | undefined {
  if (end - start < 4) return undefined;
  const code = buffer.readUInt32BE(start);
  if (code === 0) return 'ok';
  if (code === 8 || code === 11 || code === 12) return undefined;
  // openGauss has its own method under SASL's number: a number follows where SASL has names.
  if (code === SASL && !isUpperCaseLetter(buffer[start + 4])) return 'sha256';
  return METHODS[code] ?? `method-${code}`;
}

/** SASLInitialResponse: String mechanism, Int32 length, the response. Undefined where no mechanism is named. */
export function saslMechanism(buffer: Buffer, start: number, end: number): string | undefined {
  const zero = buffer.subarray(start, end).indexOf(0);
  if (zero < 0) return undefined;
  const name = buffer.latin1Slice(start, start + zero);
  return MECHANISM.test(name) ? name.toLowerCase() : undefined;
}

function isUpperCaseLetter(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x41 && byte <= 0x5a;
}
