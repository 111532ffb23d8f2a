import { type Document, isNode, type LineCounter } from 'yaml';
import { QueryProblem } from '../../store/failure.ts';

/** Where in a document: keys and positions from its root. */
export type Path = readonly (string | number)[];

/** Something in a rule is not as it must be. Becomes a `QueryProblem` with its line once the document is known. */
export class SigmaProblem extends Error {
  override readonly name = 'SigmaProblem';
  readonly path: Path;

  constructor(path: Path, message: string) {
    super(message);
    this.path = path;
  }
}

/** Runs `read`; what it finds wrong is said with the line of the nearest thing that is there. */
export function withLines<T>(document: Document, lines: LineCounter, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof SigmaProblem)) throw error;
    throw new QueryProblem(`line ${lineOf(document, lines, error.path)}: ${error.message}`);
  }
}

function lineOf(document: Document, lines: LineCounter, path: Path): number {
  for (let length = path.length; length >= 0; length--) {
    const node = length === 0 ? document.contents : document.getIn(path.slice(0, length), true);
    if (isNode(node) && node.range) return lines.linePos(node.range[0]).line;
  }
  return 1;
}
