import { describe, expect, test } from '@jest/globals';
import { type FrameHandler, FrameQueue, type Framing } from '../../../../agent/protocols/frame-queue.ts';

/** One byte of length before each body. */
const FRAMING: Framing = { headerBytes: 2, bodyLength: (buffer, at) => buffer.readUInt16BE(at) };

class Listener implements FrameHandler {
  readonly heard: string[] = [];
  readonly queue: FrameQueue;
  readonly #wanted: number;
  onFrame: ((body: string) => void) | undefined;

  constructor(wanted: number) {
    this.#wanted = wanted;
    this.queue = new FrameQueue(FRAMING, this);
  }

  wantedBytes(): number {
    return this.#wanted;
  }

  frame(buffer: Buffer, headerAt: number, start: number, end: number, length: number): void {
    expect(start - headerAt).toBe(2);
    const body = buffer.toString('latin1', start, end);
    this.heard.push(`${body}/${length}`);
    this.onFrame?.(body);
  }

  rest(buffer: Buffer, start: number, end: number, remaining: number): void {
    this.heard.push(`+${buffer.toString('latin1', start, end)}-${remaining}`);
  }

  say(text: string): number {
    const bytes = Buffer.from(`..${text}..`, 'latin1');
    return this.queue.push(bytes, 2, bytes.length - 2, 0) - 2;
  }
}

const frame = (body: string): string => `${String.fromCharCode(body.length >> 8, body.length & 0xff)}${body}`;

describe('FrameQueue', () => {
  test('whole frames are given as they lie', () => {
    const listener = new Listener(3);
    listener.say(frame('') + frame('one') + frame('longer'));
    expect(listener.heard).toEqual(['/0', 'one/3', 'longer/6']);
    expect(listener.queue.atBoundary).toBe(true);
  });

  test('byte by byte, the wanted head is collected and the rest skimmed', () => {
    const listener = new Listener(3);
    for (const byte of frame('') + frame('longer') + frame('ab')) listener.say(byte);
    expect(listener.heard).toEqual(['/0', 'lon/6', '+g-2', '+e-1', '+r-0', 'ab/2']);
  });

  test('nothing wanted: the header alone is given', () => {
    const listener = new Listener(0);
    listener.say(frame('longer').slice(0, 4));
    expect(listener.heard).toEqual(['/6', '+lo-4']);
  });

  test('says how much is missing and how much is kept', () => {
    const listener = new Listener(4);
    const { queue } = listener;
    expect([queue.missingBytes, queue.keptBytes, queue.atBoundary]).toEqual([0, 0, true]);
    listener.say('\0');
    expect([queue.missingBytes, queue.keptBytes, queue.atBoundary]).toEqual([0, 1, false]);
    listener.say('\x06lo');
    expect([queue.missingBytes, queue.keptBytes, queue.atBoundary]).toEqual([4, 4, false]);
    listener.say('nge');
    expect([queue.missingBytes, queue.keptBytes, queue.atBoundary]).toEqual([1, 0, false]);
    listener.say('r');
    expect([queue.missingBytes, queue.keptBytes, queue.atBoundary]).toEqual([0, 0, true]);
  });

  test('a handler may stop the queue or make it forget', () => {
    const listener = new Listener(9);
    listener.onFrame = (body) => body === 'stop' && listener.queue.stop();
    expect(listener.say(`${frame('stop')}tail`)).toBe(6);
    listener.say(frame('longer').slice(0, 4));
    listener.queue.reset();
    listener.say(frame('new'));
    expect(listener.heard).toEqual(['stop/4', 'new/3']);
  });

  test('a length that is only promised costs no memory', () => {
    const listener = new Listener(1 << 30);
    listener.say('\xff\xff0123456789');
    expect(listener.queue.keptBytes).toBe(12);
    expect(listener.heard).toEqual([]);
  });

  describe('lost bytes', () => {
    test.each([
      ['inside the part that is skimmed', 'longer', 5, 1, true, ['lon/6', '+er-0']],
      ['up to the end of the frame', 'longer', 5, 3, true, ['lon/6']],
      ['inside the wanted head: it is given as it is', 'longer', 3, 2, true, ['l/6', '+ger-0']],
      ['right behind the header', 'longer', 2, 6, true, ['/6']],
    ] as const)('%s', (_, body, seen, length, exact, heard) => {
      const listener = new Listener(3);
      listener.say(frame(body).slice(0, seen));
      expect(listener.queue.lose(length, 0)).toBe(exact);
      const rest = frame(body).slice(seen + length);
      if (rest !== '') listener.say(rest);
      listener.say(frame('on'));
      expect(listener.heard).toEqual([...heard, 'on/2']);
    });

    test.each([
      ['beyond the frame', 4, 5],
      ['of unknown number', 4, 0],
      ['in the header', 1, 1],
      ['between frames', 0, 3],
    ])('%s: the next byte begins a frame', (_, seen, length) => {
      const listener = new Listener(9);
      listener.say(frame('longer').slice(0, seen));
      expect(listener.queue.lose(length, 0)).toBe(false);
      expect(listener.queue.atBoundary).toBe(true);
      listener.say(frame('on'));
      expect(listener.heard.at(-1)).toBe('on/2');
    });

    test('a handler may make the queue forget meanwhile', () => {
      const listener = new Listener(9);
      listener.onFrame = () => listener.queue.reset();
      listener.say(frame('longer').slice(0, 4));
      expect(listener.queue.lose(2, 0)).toBe(false);
      expect(listener.queue.atBoundary).toBe(true);
    });
  });
});
