import type { StatementClass } from './analysis.ts';
import type { Dialect } from './lexer.ts';
import { summaryOf } from './operation.ts';
import { readStructure } from './structure.ts';

/** What all statements with one fingerprint have in common. */
export interface Shape {
  readonly operation: string | undefined;
  readonly statementClass: StatementClass;
  readonly tables: readonly string[];
  readonly summary: string;
  readonly fingerprint: string;
}

/** Applications have hundreds of kinds of statements. A power of two. */
const SLOTS = 4096;

/** Remembers shapes in a table of fixed size: a shape has two places, and a new one drives out the older of the two. */
export class ShapeCache {
  readonly #dialect: Dialect;
  readonly #firsts = new Int32Array(SLOTS);
  readonly #seconds = new Int32Array(SLOTS);
  readonly #shapes: (Shape | undefined)[] = new Array<Shape | undefined>(SLOTS).fill(undefined);

  constructor(dialect: Dialect) {
    this.#dialect = dialect;
  }

  /** The shape of `text`, whose fingerprint has these two halves. */
  of(first: number, second: number, text: string): Shape {
    const slot = second & (SLOTS - 1);
    return this.#at(slot, first, second) ?? this.#at(slot ^ 1, first, second) ?? this.#read(slot, first, second, text);
  }

  #at(slot: number, first: number, second: number): Shape | undefined {
    return this.#firsts[slot] === first && this.#seconds[slot] === second ? this.#shapes[slot] : undefined;
  }

  #read(slot: number, first: number, second: number, text: string): Shape {
    const { operation, statementClass, tables } = readStructure(text, this.#dialect);
    const shape: Shape = {
      operation,
      statementClass,
      tables,
      summary: summaryOf(operation, tables),
      fingerprint: hexadecimal(first) + hexadecimal(second),
    };
    const other = slot ^ 1;
    this.#firsts[other] = this.#firsts[slot] as number;
    this.#seconds[other] = this.#seconds[slot] as number;
    this.#shapes[other] = this.#shapes[slot];
    this.#firsts[slot] = first;
    this.#seconds[slot] = second;
    this.#shapes[slot] = shape;
    return shape;
  }
}

function hexadecimal(half: number): string {
  return (half >>> 0).toString(16).padStart(8, '0');
}
