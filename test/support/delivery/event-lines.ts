import { classNumber, type EventClass } from '../../../delivery/event-class.ts';
import { paddingOf } from './paced-load.ts';

/** What a line is like. */
export interface LineShape {
  /** Of the whole line; 260 at least. */
  readonly bytes: number;
  readonly eventClass: EventClass;
}

/** Numbers have this many digits, so that a line can be used again for another: the first digit is always 1. */
const BASE = 1_000_000_000;
const DIGITS = String(BASE).length;
const ZERO = 0x30;
/** Connections that events are of. */
const SESSIONS = 64;

/** Encoded events with the members that delivery and receivers look at, made at millions a second. */
export class EventLines {
  readonly #templates: readonly Template[];

  /** Line n has the shape n modulo their count. */
  constructor(shapes: readonly LineShape[]) {
    // Whole rounds of shapes, so that a shape's lines differ in session and text.
    const rounds = Math.ceil(SESSIONS / shapes.length);
    this.#templates = Array.from({ length: rounds }, (_, round) =>
      shapes.map((shape, index) => makeTemplate(shape, round * shapes.length + index)),
    ).flat();
  }

  classOf(number: number): number {
    return this.#of(number).classNumber;
  }

  lengthOf(number: number): number {
    return this.#of(number).line.length;
  }

  /** Writes the line, its newline included, and gives its end. */
  write(number: number, target: Buffer, at: number): number {
    const { line, digits } = this.#of(number);
    line.copy(target, at);
    for (const start of digits) writeDigits(number, target, at + start);
    return at + line.length;
  }

  #of(number: number): Template {
    const template = this.#templates[number % this.#templates.length];
    if (template === undefined) throw new RangeError('there are no lines');
    return template;
  }
}

/** The number of an id that one of these lines has; undefined for another's. */
export function numberOfId(id: string): number | undefined {
  const found = /^[0-9a-f]{32}-1(\d{9})$/.exec(id)?.[1];
  return found === undefined ? undefined : Number(found);
}

interface Template {
  readonly line: Buffer;
  /** Where the number stands. */
  readonly digits: readonly number[];
  readonly classNumber: number;
}

function makeTemplate({ bytes, eventClass }: LineShape, variant: number): Template {
  const session = (variant % SESSIONS).toString(16).padStart(32, '4f');
  const [before, after] = [
    `{"@timestamp":"2026-01-02T03:04:05.${String(variant).padStart(9, '0')}Z","event":{"kind":"event","category":["database"],` +
      `"type":["access"],"action":"db.query","sequence":${BASE},"dataset":"dbaudit.mysql","id":"${session}-${BASE}"},"db":{"query":{"text":"`,
    '"}}}\n',
  ];
  const room = bytes - before.length - after.length;
  let text = '';
  for (let piece = 0; text.length < room; piece += 1) text += `${paddingOf(variant * 100 + piece)} `;
  const line = Buffer.from(before + text.slice(0, room) + after);
  if (room < 0) throw new RangeError(`a line cannot have ${bytes} bytes`);
  const first = line.indexOf(String(BASE));
  return {
    line,
    digits: [first, line.indexOf(String(BASE), first + DIGITS)],
    classNumber: classNumber(eventClass),
  };
}

/** The last nine digits; the first is there. */
function writeDigits(number: number, target: Buffer, at: number): void {
  let rest = number;
  for (let place = at + DIGITS - 1; place > at; place -= 1) {
    target[place] = ZERO + (rest % 10);
    rest = Math.floor(rest / 10);
  }
}
