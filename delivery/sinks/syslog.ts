import { hostname } from 'node:os';
import * as z from 'zod';
import { type Batch, countOf, lineOf } from '../batch.ts';
import { TryAgain } from './failure.ts';
import type { PartlyTaken, RefusedLine, Sink, SinkContext, SinkKind } from './sink.ts';
import { sinkFields, tlsFields } from './sink-fields.ts';
import { type Receiver, SyslogConnection } from './syslog/connection.ts';
import { FACILITIES, type Facility, headerWriter, MAX_HEADER_BYTES } from './syslog/header.ts';
import { SentWindow } from './syslog/sent-window.ts';

const MAX_MESSAGE_BYTES = 1_048_576;
const LIMITS = { events: 2000, bytes: 1_048_576 } as const;
/** The length in front of a message and the blank behind it. */
const MAX_COUNT_BYTES = 8;
/**
 * What is kept to be sent again: two of the largest batches, eight of the usual ones. When it is full, the receiver has to
 * prove that it has read it, which takes two connections.
 */
const WINDOW_BYTES = 2 * (LIMITS.bytes + LIMITS.events * (MAX_HEADER_BYTES + MAX_COUNT_BYTES));
/** How long the receiver may owe that proof while events come. Two connections a minute are nothing to it. */
const MAX_WINDOW_AGE_MILLIS = 60_000;
/** And after the last event. */
const IDLE_MILLIS = 10_000;
/** The agent's own deadline for ending is 10 s. */
const CLOSE_LIMIT_MILLIS = 5_000;

const facilities = Object.keys(FACILITIES).filter((name): name is Facility => name in FACILITIES);
const printable = (max: number) =>
  z
    .string()
    .regex(new RegExp(`^[!-~]{1,${max}}$`), `expected 1 to ${max} characters of printable ASCII without blanks`);
const ADDRESS = /^(?:\[([0-9a-f:.]+)\]|([^\s:/@[\]]+)):([1-9]\d{0,4})$/i;

const schema = z.strictObject({
  type: z.literal('syslog'),
  ...sinkFields,
  /** `logs.example:6514`. IPv6 in brackets. */
  address: z
    .string()
    .regex(ADDRESS, { error: 'expected host:port, without a scheme, a user or a path', abort: true })
    .refine((text) => Number(text.slice(text.lastIndexOf(':') + 1)) <= 65_535, 'a port is at most 65535'),
  /** RFC 5425. Without it events pass the network in the clear. */
  tls: tlsFields.optional(),
  facility: z.enum(facilities).default('audit'),
  /** Default: this machine's; in a pod it is the pod's name. */
  hostname: printable(255).optional(),
  appName: printable(48).default('dbaudit'),
  /** Puts `@cee: ` in front of the event, for receivers that recognise JSON by it. */
  cee: z.boolean().default(false),
  /**
   * Of a whole message, its header included. What is longer is refused, never cut: a receiver cuts without a word what is
   * beyond its own limit, which must be at least this. The default is rsyslog's.
   */
  maxMessageBytes: z.int().min(2048).max(MAX_MESSAGE_BYTES).default(8096),
  /** How long nothing may move while something should before the connection is given up. */
  timeoutSeconds: z.int().min(1).max(600).default(30),
});

type SyslogSettings = z.infer<typeof schema>;

/**
 * RFC 5424 over TCP or TLS, framed by octet counts (RFC 6587, RFC 5425). Syslog has no acknowledgement. A batch settles when
 * it is sent; from time to time the connection is ended in order, which proves that the receiver's program has read all of
 * it. Until then what was sent is kept, and sent again after any other end.
 */
export const syslogSink = {
  schema,
  place: ({ address, tls }: SyslogSettings) => `${tls === undefined ? 'syslog' : 'syslog+tls'}://${address}`,
  open: (settings: SyslogSettings, context: SinkContext): Sink => new SyslogSink(settings, context),
} satisfies SinkKind<typeof schema>;

class SyslogSink implements Sink {
  readonly name: string;
  readonly limits = LIMITS;
  readonly #maxMessageBytes: number;
  readonly #receiver: Receiver;
  readonly #context: SinkContext;
  readonly #headerOf: (line: Buffer, eventClass: number) => string;
  readonly #window = new SentWindow(WINDOW_BYTES);
  #connection: SyslogConnection | undefined;
  /** Of the first batch it is asked for at once: a load balancer without anything behind it takes bytes as well. */
  #hasProved = false;
  #turn: Promise<unknown> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;
  #idleWork = new AbortController();

  constructor(settings: SyslogSettings, context: SinkContext) {
    const { name, address, tls, facility, appName, cee, maxMessageBytes, timeoutSeconds } = settings;
    const [, ipv6, host = ipv6 ?? '', port] = ADDRESS.exec(address) ?? [];
    this.name = name ?? 'syslog';
    this.#maxMessageBytes = maxMessageBytes;
    this.#receiver = {
      host,
      port: Number(port),
      tls,
      place: syslogSink.place(settings),
      timeoutMillis: timeoutSeconds * 1000,
    };
    this.#context = context;
    this.#headerOf = headerWriter({ facility, hostname: settings.hostname ?? ownHostname(), appName, cee });
  }

  async write(batch: Batch, signal: AbortSignal): Promise<PartlyTaken | undefined> {
    clearTimeout(this.#timer);
    try {
      return await this.#inTurn(() => this.#write(batch, signal), signal);
    } finally {
      this.#proveWhenIdle(IDLE_MILLIS);
    }
  }

  /** @throws TryAgain or WrongConfiguration where it is not certain that the receiver has read everything */
  async close(): Promise<void> {
    const signal = AbortSignal.timeout(CLOSE_LIMIT_MILLIS);
    try {
      await this.#inTurn(() => this.#prove(signal), signal);
    } catch (error) {
      this.#context.onNotice(
        `${this.#receiver.place}: ${this.#window.events} events were sent, and it is not known whether the receiver has read them`,
      );
      throw error;
    } finally {
      clearTimeout(this.#timer);
      this.#connection?.destroy();
    }
  }

  async #write(batch: Batch, signal: AbortSignal): Promise<PartlyTaken | undefined> {
    const window = this.#window;
    const atMost = batch.bytes.length + countOf(batch) * (MAX_HEADER_BYTES + MAX_COUNT_BYTES);
    if (atMost > window.free.length || window.ageMillis(performance.now()) > MAX_WINDOW_AGE_MILLIS)
      await this.#prove(signal);
    const { length, refused } = this.#frame(batch, window.free);
    if (length > 0) {
      await this.#send(window.free.subarray(0, length), signal);
      if (this.#hasProved) window.keep(length, countOf(batch) - refused.length, performance.now());
      this.#hasProved = true;
    }
    return refused.length === 0 ? undefined : { refused, again: [] };
  }

  async #send(messages: Buffer, signal: AbortSignal): Promise<void> {
    const connection = await this.#connected(signal);
    if (this.#hasProved) return connection.send(messages, signal);
    this.#connection = undefined;
    try {
      await connection.send(messages, signal);
      await connection.finish(signal);
    } catch (error) {
      // A receiver that wants something else ends the connection as soon as it is sent something.
      if (!(error instanceof TryAgain) || error.code !== 'DBA4005') throw error;
      const wish = this.#receiver.tls === undefined ? 'TLS' : 'a certificate of ours (tls.certFile)';
      throw new TryAgain('DBA4006', `${error.message}, as soon as it was sent something: it may want ${wish}`);
    }
    await this.#proveLife(signal);
  }

  /** Writes the batch as messages into `into`, which is large enough. */
  #frame(batch: Batch, into: Buffer): { readonly length: number; readonly refused: readonly RefusedLine[] } {
    const refused: RefusedLine[] = [];
    let at = 0;
    for (let index = 0; index < countOf(batch); index++) {
      const line = lineOf(batch, index);
      const header = this.#headerOf(line, batch.classes[index] ?? 0);
      const event = line.subarray(0, -1);
      const length = header.length + event.length;
      if (length > this.#maxMessageBytes) {
        refused.push({ index, reason: tooLong(length, this.#maxMessageBytes) });
        continue;
      }
      at += into.latin1Write(`${length} ${header}`, at);
      at += event.copy(into, at);
    }
    return { length: at, refused };
  }

  /** On a new connection, what may not have been read on the one before it is sent first. */
  async #connected(signal: AbortSignal): Promise<SyslogConnection> {
    if (this.#connection?.isOpen) return this.#connection;
    const connection = await SyslogConnection.open(this.#receiver, signal);
    const { sent, events } = this.#window;
    if (sent.length > 0) {
      await connection.send(sent, signal);
      this.#context.onNotice(
        `${this.#receiver.place}: ${events} events were sent again: the connection had ended before it was certain that they were read`,
      );
    }
    this.#connection = connection;
    return connection;
  }

  /**
   * Settles when the receiver has read everything that was kept; it is forgotten then. The receiver is made to end the
   * connection, for it does so in order only when it has read everything.
   */
  async #prove(signal: AbortSignal): Promise<void> {
    if (this.#window.events === 0) return;
    const connection = await this.#connected(signal);
    this.#connection = undefined;
    await connection.finish(signal);
    await this.#proveLife(signal);
    this.#window.clear();
  }

  /**
   * The connection of a program that is killed with the last events in its memory ends in order as well. But only one that
   * lives accepts another connection and ends that.
   */
  async #proveLife(signal: AbortSignal): Promise<void> {
    const connection = await SyslogConnection.open(this.#receiver, signal);
    await connection.finish(signal);
  }

  #proveWhenIdle(afterMillis: number): void {
    clearTimeout(this.#timer);
    if (this.#window.events === 0) return;
    this.#timer = setTimeout(() => {
      this.#idleWork = new AbortController();
      const { signal } = this.#idleWork;
      this.#inTurn(() => this.#prove(signal), signal).catch(() => this.#proveWhenIdle(MAX_WINDOW_AGE_MILLIS));
    }, afterMillis).unref();
  }

  /** One after the other: a batch, what the timer does, the end. Who has no more time does not wait for the timer's work. */
  async #inTurn<Result>(work: () => Promise<Result>, signal: AbortSignal): Promise<Result> {
    const endIdleWork = () => this.#idleWork.abort();
    if (signal.aborted) endIdleWork();
    signal.addEventListener('abort', endIdleWork);
    const result = this.#turn.then(work).finally(() => signal.removeEventListener('abort', endIdleWork));
    this.#turn = result.catch(() => undefined);
    return result;
  }
}

function tooLong(length: number, max: number): string {
  return `the message is ${length} bytes long, and maxMessageBytes is ${max}: raise both it and the receiver's own limit (rsyslog: maxMessageSize)`;
}

/** As RFC 5424 takes it: `-` says that there is none. */
function ownHostname(): string {
  return (
    hostname()
      .replace(/[^!-~]/g, '')
      .slice(0, 255) || '-'
  );
}
