/** Live capture through a tcpdump child: where the addon does not load. Costs two to four times its CPU. */
import { spawn } from 'node:child_process';
import type { UserError } from '../../contract/user-error.ts';
import { DamagedCapture } from './capture-format.ts';
import { CaptureStream } from './capture-stream.ts';
import { portExpression } from './filter.ts';
import { type LiveCapture, startBatch } from './live-source.ts';
import type { CaptureCounters, OnPacket, PacketSource } from './packet-source.ts';
import { missingRight, noSuchDevice, unusableSource } from './unavailable.ts';

/**
 * tcpdump has the kernel collect packets for a second, and offers only a mode with four times its CPU instead. So after
 * an abort the packets of the last second are still on their way.
 */
const DRAIN_MILLIS = 1200;
/** From the request to end to the end itself; it has only its counters left to say. */
const KILL_MILLIS = 2000;
const STATISTICS_MILLIS = 1000;
/** Makes tcpdump say its counters and go on. */
const STATISTICS_SIGNAL = process.platform === 'linux' ? 'SIGUSR1' : 'SIGINFO';
/** It says a few lines; only the last ones matter. */
const MAX_WORDS = 4096;
const INSTALL = 'install tcpdump, or build the default source with tools/build-native.sh';

export class TcpdumpSource implements PacketSource {
  readonly name = 'tcpdump';
  readonly #capture: LiveCapture;
  readonly #program: string;
  #stream: CaptureStream | undefined;
  /** The end of what it has said. */
  #words = '';

  constructor(capture: LiveCapture, program = 'tcpdump') {
    this.#capture = capture;
    this.#program = program;
  }

  /** `dropped` is as old as tcpdump's last report, a second at most. On a loopback device it may count a packet twice. */
  counters(): CaptureCounters {
    const dropped = Number(/.*\b(\d+) packets? dropped by kernel/s.exec(this.#words)?.[1] ?? 0);
    return { received: (this.#stream?.packets ?? 0) + dropped, dropped };
  }

  async run(onPacket: OnPacket, onBatch: () => void | Promise<void>, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const stream = new CaptureStream(onPacket);
    this.#stream = stream;
    const ended = Promise.withResolvers<void>();
    const timers: NodeJS.Timeout[] = [];
    const child = spawn(this.#program, this.#arguments(), { stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.on('data', (chunk: Buffer) => {
      try {
        stream.push(chunk);
        startBatch(onBatch, ended.reject);
      } catch (error) {
        ended.reject(error instanceof DamagedCapture ? this.#unusable(error.message) : error);
      }
    });
    child.stderr.on('data', (chunk: Buffer) => {
      const listening = /listening on/;
      const listened = listening.test(this.#words);
      this.#words = (this.#words + chunk.toString()).slice(-MAX_WORDS);
      // Before that it does not know the signal and would die of it.
      if (!listened && listening.test(this.#words)) {
        timers.push(setInterval(() => child.kill(STATISTICS_SIGNAL), STATISTICS_MILLIS));
        this.#capture.onStarted?.();
      }
    });
    child.on('error', (error: NodeJS.ErrnoException) => {
      ended.reject(error.code === 'ENOENT' ? this.#unusable('it is not installed') : this.#unusable(error.message));
    });
    child.on('close', (code) => {
      if (signal.aborted) ended.resolve();
      else ended.reject(this.#explained(code));
    });
    const onAbort = (): void => {
      timers.push(setTimeout(() => child.kill('SIGINT'), DRAIN_MILLIS));
      timers.push(setTimeout(() => child.kill('SIGKILL'), DRAIN_MILLIS + KILL_MILLIS));
    };
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      await ended.promise;
    } finally {
      signal.removeEventListener('abort', onAbort);
      for (const timer of timers) clearTimeout(timer);
      child.kill('SIGKILL');
    }
  }

  /** `-U`: a packet is written at once and does not wait for a buffer to fill, which on a quiet database takes hours. */
  #arguments(): string[] {
    const { device, snaplenBytes, ringBytes, ports } = this.#capture;
    const sizes = ['-s', `${snaplenBytes}`, '-B', `${Math.ceil(ringBytes / 1024)}`];
    return ['-i', device, ...sizes, '-n', '-U', '-w', '-', '--time-stamp-precision=nano', portExpression(ports)];
  }

  /** Why it ended by itself. */
  #explained(code: number | null): UserError {
    if (/permission|not permitted/i.test(this.#words)) return missingRight(`tcpdump: ${this.#lastWords()}`);
    if (/no such device/i.test(this.#words)) return noSuchDevice(this.#capture.device);
    return this.#unusable(`it ended with code ${code}: ${this.#lastWords()}`);
  }

  #lastWords(): string {
    return this.#words.trim().split('\n').slice(-2).join(' ');
  }

  #unusable(detail: string): UserError {
    return unusableSource(this.name, detail, INSTALL);
  }
}
