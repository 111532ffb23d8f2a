import type { Arguments } from './arguments.ts';
import { readableBytes } from './command-text.ts';
import type { Command } from './commands.ts';
import { helloUserIndex } from './secrets.ts';

export type SubscriptionFamily = 'channel' | 'pattern' | 'shard';

/** What a command is about to do to the session, read from its arguments before its answer is known. */
export type Intent =
  | { readonly kind: 'auth'; readonly user: string }
  | { readonly kind: 'hello'; readonly user: string | undefined; readonly program: string | undefined }
  | { readonly kind: 'select'; readonly database: string }
  | { readonly kind: 'set-name'; readonly program: string }
  | { readonly kind: 'set-library'; readonly part: 'name' | 'version'; readonly value: string }
  | { readonly kind: 'connection-id' }
  | { readonly kind: 'reply-mode'; readonly mode: 'ON' | 'OFF' | 'SKIP' }
  | SubscriptionChange
  | { readonly kind: PlainKind };

interface SubscriptionChange {
  readonly kind: 'subscription';
  readonly family: SubscriptionFamily;
  /** How the server calls it in its answers: `psubscribe`. */
  readonly word: string;
  readonly subscribes: boolean;
  /** 0: all of them. */
  readonly channels: number;
}

type PlainKind = 'multi' | 'exec' | 'discard' | 'monitor' | 'sync' | 'acknowledge' | 'info' | 'reset' | 'quit';

/** Accounts, databases and client names are short; what is longer is cut. */
const MAX_NAME_BYTES = 255;
/** The account of an AUTH that names none. */
export const DEFAULT_USER = 'default';

const PLAIN: Readonly<Record<PlainKind, Intent>> = {
  multi: { kind: 'multi' },
  exec: { kind: 'exec' },
  discard: { kind: 'discard' },
  monitor: { kind: 'monitor' },
  sync: { kind: 'sync' },
  acknowledge: { kind: 'acknowledge' },
  info: { kind: 'info' },
  reset: { kind: 'reset' },
  quit: { kind: 'quit' },
};

/** Undefined for nearly all commands: they do something to the data only. */
export function intentOf(command: Command, given: Arguments): Intent | undefined {
  const { effect } = command;
  switch (effect) {
    case undefined:
      return undefined;
    case 'auth':
      return { kind: 'auth', user: given.count === 3 ? nameAt(given, 1) : DEFAULT_USER };
    case 'hello':
      return helloIntent(given);
    case 'select':
      return { kind: 'select', database: nameAt(given, 1) };
    case 'client':
      return clientIntent(given);
    case 'subscribe':
    case 'unsubscribe':
      return subscriptionIntent(command.name, given.total - 1, effect === 'subscribe');
    case 'replconf':
      return given.word(1) === 'ACK' ? PLAIN.acknowledge : undefined;
    default:
      return PLAIN[effect];
  }
}

function helloIntent(given: Arguments): Intent {
  const user = helloUserIndex(given);
  let program: string | undefined;
  for (let index = 2; index + 1 < given.count; index += 1) {
    const option = given.word(index);
    if (option === 'AUTH') index += 2;
    else if (option === 'SETNAME') program = nameAt(given, ++index);
  }
  return { kind: 'hello', user: user < 0 || user + 1 >= given.count ? undefined : nameAt(given, user), program };
}

function clientIntent(given: Arguments): Intent | undefined {
  switch (given.word(1)) {
    case 'SETNAME':
      return { kind: 'set-name', program: nameAt(given, 2) };
    case 'SETINFO': {
      const attribute = given.word(2);
      if (attribute === 'LIB-NAME') return { kind: 'set-library', part: 'name', value: nameAt(given, 3) };
      if (attribute === 'LIB-VER') return { kind: 'set-library', part: 'version', value: nameAt(given, 3) };
      return undefined;
    }
    case 'ID':
      return { kind: 'connection-id' };
    case 'REPLY': {
      const mode = given.word(2);
      return mode === 'ON' || mode === 'OFF' || mode === 'SKIP' ? { kind: 'reply-mode', mode } : undefined;
    }
    default:
      return undefined;
  }
}

function subscriptionIntent(name: string, channels: number, subscribes: boolean): SubscriptionChange {
  const prefix = name.replace(/(UN)?SUBSCRIBE$/, '');
  const family = prefix === 'P' ? 'pattern' : prefix === 'S' ? 'shard' : 'channel';
  return { kind: 'subscription', family, word: name.toLowerCase(), subscribes, channels };
}

function nameAt(given: Arguments, index: number): string {
  if (index >= given.count) return '';
  const start = given.start(index);
  return readableBytes(given.buffer, start, Math.min(given.end(index), start + MAX_NAME_BYTES));
}
