/** Which arguments of a command are credentials. They never leave the decoder, whatever redaction is configured. */
import { MASKED } from '../../../contract/masked.ts';
import type { Arguments } from './arguments.ts';

/** How a command carries credentials. */
export type SecretRule = 'auth' | 'hello' | 'acl' | 'config' | 'migrate' | 'sentinel';

/** Parameters of CONFIG SET and SENTINEL SET whose value is a credential; modules' own are caught by how they are called. */
const SECRET_PARAMETER = /PASS|SECRET|TOKEN|^(MASTER|PRIMARY)(AUTH|USER)$|^(AUTH|SENTINEL)-(USER|PASS)$/;
/** MIGRATE host port key db timeout: options come after these. */
const MIGRATE_OPTIONS_AT = 6;

/** Indexes of the arguments that are credentials. */
export function secretArguments(rule: SecretRule, given: Arguments): number[] {
  switch (rule) {
    case 'auth':
      // More than two arguments is an error; then any of them may be a piece of a password.
      return given.count === 3 ? [2] : from(given, 1);
    case 'hello':
      return helloSecrets(given);
    case 'acl':
      return given.word(1) === 'SETUSER' ? from(given, 3).filter((index) => isPasswordRule(given, index)) : [];
    case 'config':
      return given.word(1) === 'SET' ? parameterValues(given, 2) : [];
    case 'sentinel':
      return given.word(1) === 'SET' || given.word(2) === 'SET' ? parameterValues(given, 3) : [];
    case 'migrate':
      return migrateSecrets(given);
  }
}

/** Of an ACL rule (`>password`) the first byte says what it does and stays. */
export function keepsFirstByte(rule: SecretRule): boolean {
  return rule === 'acl';
}

/** Takes the credentials out of what the server said about them. */
export function withoutSecrets(message: string, secrets: readonly string[]): string {
  return secrets.reduce((text, secret) => (secret === '' ? text : text.replaceAll(secret, MASKED)), message);
}

/** HELLO [version [AUTH user password] [SETNAME name]]: where the user stands; -1 without AUTH. */
export function helloUserIndex(given: Arguments): number {
  for (let index = 1; index < given.count; index += 1) {
    const option = given.word(index);
    if (option === 'AUTH') return index + 1;
    if (option === 'SETNAME') index += 1;
  }
  return -1;
}

function helloSecrets(given: Arguments): number[] {
  const user = helloUserIndex(given);
  if (user < 0) return [];
  // Where the password is missing, what stands in the user's place may be it.
  return user + 1 < given.count ? [user + 1] : from(given, user);
}

function migrateSecrets(given: Arguments): number[] {
  for (let index = MIGRATE_OPTIONS_AT; index < given.count; index += 1) {
    const option = given.word(index);
    if (option === 'KEYS') return [];
    if (option === 'AUTH') return index + 1 < given.count ? [index + 1] : [];
    if (option === 'AUTH2') return index + 2 < given.count ? [index + 2] : [];
  }
  return [];
}

/** Name and value take turns from `first` on. */
function parameterValues(given: Arguments, first: number): number[] {
  const found: number[] = [];
  for (let index = first; index + 1 < given.count; index += 2) {
    if (SECRET_PARAMETER.test(given.word(index))) found.push(index + 1);
  }
  return found;
}

/** `>password`, `<password`, `#hash`, `!hash`. */
function isPasswordRule(given: Arguments, index: number): boolean {
  const first = given.buffer[given.start(index)];
  return (
    given.end(index) > given.start(index) && (first === 0x3e || first === 0x3c || first === 0x23 || first === 0x21)
  );
}

function from(given: Arguments, first: number): number[] {
  return Array.from({ length: Math.max(0, given.count - first) }, (_, index) => first + index);
}
