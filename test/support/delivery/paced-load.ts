import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** Commands are written in bursts this far apart: at thousands a second a write for each would cost more than the rest. */
const BURST_MILLIS = 20;
/** Redis answers each SET with this, and nothing else is asked. https://redis.io/docs/latest/develop/reference/protocol-spec/ */
const ANSWER_BYTES = '+OK\r\n'.length;
/** Keys are few: what is stored stays small however long a load is. */
const KEYS = 100;
const NUMBER_DIGITS = 10;
/** An event has a little more than 1 KB around it. */
const PADDING_BYTES = 30;
/** Text from which the paddings are cut at changing places; digits of pi would compress as little. */
const PADDING_SOURCE_BYTES = 65_536;

export interface PacedLoadOptions {
  /** Of a Redis on loopback. */
  readonly port: number;
  readonly perSecond: number;
  /** Sent in any case, however soon `finish` is called. */
  readonly atLeast: number;
  /** Number of the first command; each further one has the next. */
  readonly firstNumber?: number;
  readonly connections?: number;
}

/** Unique commands to a Redis at a steady rate; a slow machine makes it late, never short. */
export class PacedLoad {
  /** Settles with the count of commands once it is finished and all are answered. */
  readonly done: Promise<number>;
  readonly #options: PacedLoadOptions;
  #sent = 0;
  #answeredBytes = 0;
  #finishing = false;

  private constructor(options: PacedLoadOptions) {
    this.#options = options;
    this.done = this.#run();
  }

  static start(options: PacedLoadOptions): PacedLoad {
    return new PacedLoad(options);
  }

  /** No more is sent than what has to be; gives `done`. */
  finish(): Promise<number> {
    this.#finishing = true;
    return this.done;
  }

  async #run(): Promise<number> {
    const { port, connections = 4 } = this.#options;
    const sockets = await Promise.all(Array.from({ length: connections }, () => this.#open(port)));
    try {
      await this.#send(sockets);
      while (this.#answeredBytes < this.#sent * ANSWER_BYTES) {
        if (sockets.some((socket) => socket.errored !== null || socket.readableEnded)) {
          throw new Error(`Redis closed a connection of the load: ${sockets.map(({ errored }) => errored?.message)}`);
        }
        await sleep(BURST_MILLIS);
      }
      return this.#sent;
    } finally {
      for (const socket of sockets) socket.destroy();
    }
  }

  #open(port: number): Promise<Socket> {
    return new Promise((resolve, reject) => {
      const socket = connect(port, '127.0.0.1', () => resolve(socket));
      socket.once('error', reject);
      socket.on('error', () => undefined);
      socket.on('data', (answer) => {
        this.#answeredBytes += answer.length;
      });
    });
  }

  async #send(sockets: readonly Socket[]): Promise<void> {
    const { perSecond, atLeast, firstNumber = 0 } = this.#options;
    const from = performance.now();
    for (let turn = 0; this.#sent < atLeast || !this.#finishing; turn += 1) {
      const due = Math.floor(((performance.now() - from) * perSecond) / 1000);
      const owed = this.#finishing ? Math.min(due, atLeast) : due;
      const socket = sockets[turn % sockets.length];
      if (socket !== undefined && !socket.writableNeedDrain && owed > this.#sent) {
        let burst = '';
        for (; this.#sent < owed; this.#sent += 1) burst += setCommand(firstNumber + this.#sent);
        socket.write(burst, 'latin1');
      }
      await sleep(BURST_MILLIS);
    }
  }
}

/** `SET load:<key> <number>:<padding>` in RESP. */
function setCommand(number: number): string {
  const key = `load:${number % KEYS}`;
  const value = `${String(number).padStart(NUMBER_DIGITS, '0')}:${paddingOf(number)}`;
  return `*3\r\n$3\r\nSET\r\n$${key.length}\r\n${key}\r\n$${value.length}\r\n${value}\r\n`;
}

/** The number of the command that an event's text tells of; undefined where it is none of a load. */
export function numberOfText(text: string): number | undefined {
  const found = /^SET load:\d+ (\d{10}):/.exec(text)?.[1];
  return found === undefined ? undefined : Number(found);
}

const paddings = makePaddings();

/** A third of it new letters, the rest words that come again: it compresses about as well as statements do. */
function makePaddings(): string {
  let state = 1;
  let text = '';
  while (text.length < PADDING_SOURCE_BYTES) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0; // any sequence does that is the same in each run
    text += `order_${state.toString(36)}_customer_`;
  }
  return text;
}

export function paddingOf(number: number): string {
  const at = Math.imul(number, 131) >>> 0;
  const start = at % (PADDING_SOURCE_BYTES - PADDING_BYTES);
  return paddings.slice(start, start + PADDING_BYTES);
}
