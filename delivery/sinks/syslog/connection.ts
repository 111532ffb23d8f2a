import * as net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectionFailure } from '../../connection/connection-failure.ts';
import { readTlsFiles } from '../../connection/tls-files.ts';
import { TryAgain } from '../failure.ts';
import type { TlsSettings } from '../sink-fields.ts';
import { type Endpoints, unacknowledgedBytes } from './unacknowledged.ts';

/** Looking takes a hundredth of the time at most: the kernel walks a table of up to half a million places, which is 5 ms. */
const TIME_PER_LOOK = 100;
/** Between two looks while something is waited for: a tenth of the time, yet soon enough for a batch that is late already. */
const PAUSE_PER_LOOK = 10;
const MAX_PAUSE_MILLIS = 100;
/** Address translation and load balancers forget connections that are silent for minutes. */
const KEEP_ALIVE_MILLIS = 60_000;

export interface Receiver {
  readonly host: string;
  readonly port: number;
  readonly tls: TlsSettings | undefined;
  /** For people. */
  readonly place: string;
  /** How long nothing may move while something should. */
  readonly timeoutMillis: number;
}

/**
 * One connection to a syslog receiver. What it sends besides closing is ignored: syslog has no answers. One call at a time;
 * after a rejection the connection is gone.
 */
export class SyslogConnection {
  readonly #socket: net.Socket;
  readonly #receiver: Receiver;
  #failure: Error | undefined;
  #settle: ((failure?: Error) => void) | undefined;
  #finishing = false;
  #isReady = false;
  #nextLookAt = 0;
  #endpoints: Endpoints | undefined;

  private constructor(socket: net.Socket, receiver: Receiver) {
    this.#socket = socket;
    this.#receiver = receiver;
    const { place } = receiver;
    socket.setNoDelay(true).setKeepAlive(true, KEEP_ALIVE_MILLIS);
    socket.on('error', (error) => this.#fail(connectionFailure(error, place)));
    socket.on('end', () => {
      if (this.#finishing) this.#settle?.();
      this.#fail(new TryAgain('DBA4005', `${place}: the connection was closed by the other side`));
    });
    socket.on('close', () => this.#fail(new TryAgain('DBA4005', `${place}: the connection was closed`)));
    socket.on('timeout', () => this.#fail(this.#stalled()));
    socket.resume();
  }

  /** @throws TryAgain or WrongConfiguration */
  static async open(receiver: Receiver, signal: AbortSignal): Promise<SyslogConnection> {
    const { host, port, tls } = receiver;
    if (tls === undefined) {
      const connection = new SyslogConnection(net.connect({ host, port }), receiver);
      await connection.#begin('connect', signal);
      return connection;
    }
    const [{ connect }, files] = await Promise.all([import('node:tls'), readTlsFiles(tls)]);
    let socket: net.Socket;
    try {
      socket = connect({ ...files, host, port });
    } catch (error) {
      // A key or certificate that is none is found out before there is a connection.
      throw connectionFailure(error, receiver.place);
    }
    const connection = new SyslogConnection(socket, receiver);
    await connection.#begin('secureConnect', signal);
    return connection;
  }

  get isOpen(): boolean {
    return this.#failure === undefined;
  }

  /**
   * Settles when our kernel has the bytes, and from time to time when the receiver's has them: so a network that passes
   * nothing is noticed long before the kernel's buffer is full. The bytes must not change until then.
   * @throws TryAgain or WrongConfiguration
   */
  async send(bytes: Buffer, signal: AbortSignal): Promise<void> {
    await this.#await(signal, (done) =>
      this.#socket.write(bytes, (error) => {
        // A failed write also ends the socket, which says why.
        if (error === undefined || error === null) done();
      }),
    );
    if (performance.now() >= this.#nextLookAt) await this.#acknowledged(signal);
  }

  /**
   * Ends the connection from our side and settles when the other side has ended it as well, in order. A program that leaves
   * bytes unread ends it with a reset, and a rejection here: so it has read all that was sent. Where it cannot be seen what
   * the receiver's kernel has (not on Linux), a receiver that ends by itself at that very moment looks the same.
   * @throws TryAgain or WrongConfiguration
   */
  async finish(signal: AbortSignal): Promise<void> {
    await this.#acknowledged(signal);
    await this.#await(signal, () => {
      this.#finishing = true;
      this.#socket.end();
    });
  }

  destroy(): void {
    this.#fail(new TryAgain('DBA4005', `${this.#receiver.place}: the connection was closed`));
  }

  async #begin(event: 'connect' | 'secureConnect', signal: AbortSignal): Promise<void> {
    await this.#await(signal, (done) => this.#socket.once(event, done));
    this.#isReady = true;
    const { localPort = 0, remotePort = 0, remoteFamily } = this.#socket;
    this.#endpoints = { localPort, remotePort, family: remoteFamily === 'IPv6' ? 'IPv6' : 'IPv4' };
  }

  /** Settles when the receiver's kernel has everything, as far as that can be seen. */
  async #acknowledged(signal: AbortSignal): Promise<void> {
    let moved = performance.now();
    let before = Number.POSITIVE_INFINITY;
    for (let pause = 1; ; pause = Math.min(pause * 2, MAX_PAUSE_MILLIS)) {
      await sleep(pause);
      const started = performance.now();
      const left = this.#endpoints && unacknowledgedBytes(this.#endpoints);
      const now = performance.now();
      this.#nextLookAt = now + (now - started) * TIME_PER_LOOK;
      pause = Math.max(pause, (now - started) * PAUSE_PER_LOOK);
      // Where there is no such connection any more, the socket has said so by the next turn.
      if (left === undefined) await sleep(1);
      if (this.#failure !== undefined) throw this.#failure;
      if (left === undefined || left === 0) return;
      if (left < before) moved = now;
      before = left;
      if (now - moved > this.#receiver.timeoutMillis) this.#fail(this.#stalled());
      else if (signal.aborted) this.#fail(this.#givenUp());
    }
  }

  /** Settles by `done`, or rejects when the connection ends, when nothing moves for too long or when `signal` aborts. */
  #await(signal: AbortSignal, start: (done: () => void) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      const abort = () => this.#fail(this.#givenUp());
      this.#settle = (failure) => {
        this.#settle = undefined;
        this.#socket.setTimeout(0);
        signal.removeEventListener('abort', abort);
        if (failure === undefined) resolve();
        else reject(failure);
      };
      if (signal.aborted) abort();
      if (this.#failure !== undefined) return this.#settle?.(this.#failure);
      signal.addEventListener('abort', abort);
      this.#socket.setTimeout(this.#receiver.timeoutMillis);
      start(() => this.#settle?.());
    });
  }

  /** The first reason is the reason. */
  #fail(failure: Error): void {
    this.#failure ??= failure;
    this.#socket.destroy();
    this.#settle?.(this.#failure);
  }

  #stalled(): TryAgain {
    const { place, timeoutMillis } = this.#receiver;
    const seconds = timeoutMillis / 1000;
    if (this.#socket.connecting)
      return new TryAgain(
        'DBA4005',
        `${place}: no answer to the attempt to connect for ${seconds} s: packets may be dropped on the way`,
      );
    if (!this.#isReady)
      return new TryAgain(
        'DBA4006',
        `${place}: no answer to the TLS handshake for ${seconds} s: this may be no TLS port`,
      );
    if (this.#finishing)
      return new TryAgain(
        'DBA4007',
        `${place}: it was asked to end the connection and did not for ${seconds} s: it hangs, or never does`,
      );
    return new TryAgain(
      'DBA4007',
      `${place}: nothing moved for ${seconds} s: the receiver hangs, or packets are dropped on the way`,
    );
  }

  #givenUp(): TryAgain {
    return new TryAgain('DBA4007', `${this.#receiver.place}: given up before the receiver had everything`);
  }
}
