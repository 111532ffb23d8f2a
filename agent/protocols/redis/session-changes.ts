import type { Nanos } from '../../timeline.ts';
import { OK, type Outcome, UNSEEN } from '../activity.ts';
import type { DecoderContext } from '../protocol.ts';
import { DEFAULT_USER, type Intent } from './intent.ts';
import type { PendingCommand } from './pending-command.ts';
import type { Reply } from './reply.ts';

/** HELLO's answer says what matters in its first pairs: server, version, proto, id, mode, role. */
const MAX_HELLO_ELEMENTS = 16;
/** Errors that come before the server has looked at who is asking. */
const ANONYMOUS_ERRORS: ReadonlySet<string> = new Set(['NOAUTH', 'ERR', 'WRONGPASS', 'DENIED', 'NOPROTO']);

/** What answers tell of the session: who, where, with what; and the logins. */
export class SessionChanges {
  readonly #context: DecoderContext;
  #loggedIn = false;
  /** Every request so far was seen, so that nobody can have logged in unnoticed. */
  #allSeen: boolean;
  #libraryName = '';
  #libraryVersion = '';
  #hello: string[] = [];

  constructor(context: DecoderContext) {
    this.#context = context;
    this.#allSeen = context.capturedFromStart;
    if (context.capturedFromStart) context.facts.update({ database: '0' });
  }

  /** Requests were lost, a login perhaps among them. */
  requestsLost(): void {
    this.#allSeen = false;
  }

  /** Element `index` of HELLO's answer. */
  helloElement(index: number, element: Reply): void {
    if (index < MAX_HELLO_ELEMENTS) this.#hello[index] = element.text;
  }

  /** `command` was answered; its outcome is set. */
  answered(command: PendingCommand, reply: Reply, at: Nanos): void {
    const { intent, outcome } = command;
    if (intent !== undefined) this.#apply(intent, command, outcome, reply, at);
    if (this.#allSeen && this.#context.facts.user === undefined && provesAccess(intent, outcome)) {
      this.#context.facts.update({ user: DEFAULT_USER });
    }
  }

  /** Nobody saw what came of `command`. What it would have changed is not known from now on. */
  unseen(command: PendingCommand): void {
    const { intent } = command;
    const { facts } = this.#context;
    if (intent === undefined) return;
    if (intent.kind === 'select' && facts.database !== intent.database) facts.update({ database: undefined });
    if (intent.kind === 'reset') this.#reset();
    const user = intent.kind === 'auth' || intent.kind === 'hello' ? intent.user : undefined;
    if (user === undefined) return;
    this.#allSeen = false;
    if (facts.user !== user) facts.update({ user: undefined });
    this.#login(user, command.at, undefined, UNSEEN);
  }

  #apply(intent: Intent, command: PendingCommand, outcome: Outcome, reply: Reply, at: Nanos): void {
    const { facts } = this.#context;
    const ok = outcome === OK;
    if (intent.kind === 'auth' || (intent.kind === 'hello' && intent.user !== undefined)) {
      const user = intent.user ?? DEFAULT_USER;
      if (ok && facts.user !== user) facts.update({ user });
      this.#login(user, command.at, at, outcome);
    }
    if (!ok) return;
    switch (intent.kind) {
      case 'hello':
        this.#helloAnswered(intent.program);
        break;
      case 'select':
        if (facts.database !== intent.database) facts.update({ database: intent.database });
        break;
      case 'set-name':
        facts.update({ program: intent.program === '' ? undefined : intent.program });
        break;
      case 'set-library':
        if (intent.part === 'name') this.#libraryName = intent.value;
        else this.#libraryVersion = intent.value;
        facts.update({ driver: `${this.#libraryName} ${this.#libraryVersion}`.trim() });
        break;
      case 'connection-id':
        facts.update({ connectionId: reply.text });
        break;
      case 'info':
        this.#infoAnswered(reply.text);
        break;
      case 'reset':
        this.#reset();
        break;
      default:
    }
  }

  #login(user: string, at: Nanos, until: Nanos | undefined, outcome: Outcome): void {
    const phase = this.#loggedIn ? 'change-user' : 'start';
    if (outcome === OK) this.#loggedIn = true;
    this.#context.report({ kind: 'login', phase, at, until, user, database: this.#context.facts.database, outcome });
  }

  #helloAnswered(program: string | undefined): void {
    const fields = new Map<string, string>();
    for (let index = 0; index + 1 < this.#hello.length; index += 2) {
      fields.set(this.#hello[index] ?? '', this.#hello[index + 1] ?? '');
    }
    this.#hello = [];
    const { facts } = this.#context;
    facts.update({
      system: fields.get('server') === 'valkey' ? 'valkey' : facts.system,
      serverVersion: fields.get('version') ?? facts.serverVersion,
      connectionId: fields.get('id') ?? facts.connectionId,
      program: program ?? facts.program,
    });
  }

  #infoAnswered(text: string): void {
    const valkey = /^valkey_version:(\S+)/m.exec(text)?.[1];
    const version = valkey ?? /^redis_version:(\S+)/m.exec(text)?.[1];
    if (version === undefined) return;
    const { facts } = this.#context;
    const system = valkey === undefined ? facts.system : 'valkey';
    if (facts.serverVersion !== version || facts.system !== system) facts.update({ serverVersion: version, system });
  }

  /** The connection is as when it was opened. */
  #reset(): void {
    this.#allSeen = true;
    this.#context.facts.update({ user: undefined, database: '0', program: undefined });
  }
}

/** Only who is logged in, or needs not to be, gets such an answer. */
function provesAccess(intent: Intent | undefined, outcome: Outcome): boolean {
  const kind = intent?.kind;
  if (kind === 'auth' || kind === 'quit' || kind === 'reset') return false;
  return outcome.kind === 'ok' || (outcome.kind === 'failed' && !ANONYMOUS_ERRORS.has(outcome.code));
}
