import type { ByteStreamListener, Side } from '../../tcp/byte-stream.ts';
import type { Nanos } from '../../timeline.ts';
import { FrameQueue } from '../frame-queue.ts';
import type { DecoderContext } from '../protocol.ts';
import { ClientRequests } from './client-requests.ts';
import { clientFraming, QUERY, serverFraming } from './messages.ts';
import { Negotiation } from './negotiation.ts';
import { PostgresSession } from './postgres-session.ts';
import { ClientScan } from './resynchronization.ts';
import { ServerAnswers } from './server-answers.ts';

/** Stands for bytes that were lost within a message: it is read to its end, and its content is not trusted. */
const FILLER = Buffer.alloc(16_384);

/** Both directions of one connection: bytes to messages, in step or searching for where messages begin. */
export class PostgresConversation implements ByteStreamListener {
  readonly #session: PostgresSession;
  readonly #negotiation: Negotiation;
  readonly #answers: ServerAnswers;
  readonly #requests: ClientRequests;
  readonly #clientQueue: FrameQueue;
  readonly #serverQueue: FrameQueue;
  readonly #clientScan = new ClientScan();
  #clientAligned: boolean;

  constructor(context: DecoderContext) {
    this.#session = new PostgresSession(context);
    this.#negotiation = new Negotiation(this.#session);
    this.#answers = new ServerAnswers(this.#session);
    this.#requests = new ClientRequests(this.#session, this.#answers.pairing);
    this.#clientQueue = new FrameQueue(clientFraming, this.#requests);
    this.#serverQueue = new FrameQueue(serverFraming, this.#answers);
    this.#clientAligned = context.capturedFromStart;
  }

  data(from: Side, buffer: Buffer, start: number, end: number, at: Nanos): void {
    if (!this.#negotiation.open) this.#negotiate(from, buffer, start, end, at);
    else if (from === 'client') this.#client(buffer, start, end, at);
    else this.#server(buffer, start, end, at);
  }

  gap(from: Side, length: number, at: Nanos): void {
    if (!this.#negotiation.open) {
      const opened = this.#negotiation.gap(from, at);
      this.#giveHeld(at);
      if (!opened) return;
    }
    if (from === 'client') this.#clientGap(length, at);
    else this.#serverGap(length, at);
  }

  tick(at: Nanos): void {
    this.#answers.tick(at);
  }

  close(at: Nanos): void {
    this.#negotiation.close(at);
    this.#serverDone(at);
    this.#answers.close();
    this.#session.close(at);
    this.#clientScan.reset();
    this.#answers.pairing.serverScan.reset();
    this.#reportSkipped('client', this.#clientScan, at);
    this.#reportSkipped('server', this.#answers.pairing.serverScan, at);
  }

  #negotiate(from: Side, buffer: Buffer, start: number, end: number, at: Nanos): void {
    const negotiation = this.#negotiation;
    const position =
      from === 'client' ? negotiation.client(buffer, start, end, at) : negotiation.server(buffer, start, end, at);
    if (from === 'server') this.#giveHeld(at);
    if (position < end && negotiation.open) this.data(from, buffer, position, end, at);
  }

  #giveHeld(at: Nanos): void {
    const held = this.#negotiation.takeHeld();
    if (held.length > 0) this.data('client', held, 0, held.length, at);
  }

  #client(buffer: Buffer, start: number, end: number, at: Nanos): void {
    this.#serverDone(at);
    if (this.#clientAligned) this.#clientQueue.push(buffer, start, end, at);
    else if (this.#clientScan.find(buffer, start, end)) this.#clientFound(at);
  }

  /** Nothing of the server can follow before what comes now. */
  #serverDone(at: Nanos): void {
    const { pairing } = this.#answers;
    if (!pairing.aligned && pairing.serverScan.findInKept()) this.#serverFound(at);
  }

  #clientFound(at: Nanos): void {
    const scan = this.#clientScan;
    this.#reportSkipped('client', scan, at);
    this.#clientAligned = true;
    // A Query is all of its exchange; other requests may have had some before them.
    if (scan.buffer[scan.position] !== QUERY) this.#answers.pairing.doubt();
    this.#clientQueue.push(scan.buffer, scan.position, scan.end, at);
  }

  #server(buffer: Buffer, start: number, end: number, at: Nanos): void {
    if (!this.#clientAligned && this.#clientScan.findInKept()) this.#clientFound(at);
    const { pairing } = this.#answers;
    if (pairing.aligned) {
      this.#serverQueue.push(buffer, start, end, at);
      return;
    }
    const scan = pairing.serverScan;
    const result = scan.find(buffer, start, end);
    if (result === 'found') {
      this.#serverFound(at);
    } else if (result === 'misled') {
      pairing.serverLost();
      this.#server(scan.buffer, scan.position, scan.end, at);
    }
  }

  #serverFound(at: Nanos): void {
    const { pairing } = this.#answers;
    const scan = pairing.serverScan;
    this.#reportSkipped('server', scan, at);
    pairing.aligned = true;
    this.#serverQueue.push(scan.buffer, scan.position, scan.end, at);
  }

  #clientGap(length: number, at: Nanos): void {
    const queue = this.#clientQueue;
    if (!this.#clientAligned) {
      this.#clientScan.reset();
    } else if (length > 0 && length <= queue.missingBytes) {
      this.#requests.bytesLost(queue.keptBytes === 0);
      fill(queue, length, at);
    } else {
      queue.reset();
      this.#clientAligned = false;
      this.#session.prepared.doubt();
      this.#answers.pairing.clientLost();
    }
  }

  #serverGap(length: number, at: Nanos): void {
    const queue = this.#serverQueue;
    const { pairing } = this.#answers;
    if (!pairing.aligned) {
      pairing.serverScan.reset();
      pairing.serverLost();
    } else if (length > 0 && length <= queue.missingBytes) {
      this.#answers.bytesLost(queue.keptBytes === 0);
      fill(queue, length, at);
    } else {
      queue.reset();
      pairing.serverLost();
    }
  }

  #reportSkipped(from: Side, scan: { skippedBytes: number }, at: Nanos): void {
    if (scan.skippedBytes === 0) return;
    const bytes = scan.skippedBytes;
    scan.skippedBytes = 0;
    this.#session.context.report({
      kind: 'blind',
      at,
      reason: 'resynchronizing',
      from,
      bytes,
      forGood: false,
      detail: undefined,
    });
  }
}

function fill(queue: FrameQueue, length: number, at: Nanos): void {
  for (let left = length; left > 0; left -= FILLER.length) {
    queue.push(FILLER, 0, Math.min(left, FILLER.length), at);
  }
}
