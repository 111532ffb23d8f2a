import type { AuditEvent } from '../../../contract/audit-event.ts';
import { UserError } from '../../../contract/user-error.ts';
import { type FieldPath, parseFieldPath, pathProblem } from '../event-fields.ts';
import type { Received } from '../received.ts';
import type { EventFormat } from './format.ts';

/** Fixed text, or what an event has to say. */
export type Piece = (event: AuditEvent) => string;

/** A line (or more, where fixed text has line ends) for each event, made of pieces. */
export class PiecewiseFormat implements EventFormat {
  readonly #pieces: readonly Piece[];

  constructor(pieces: readonly Piece[]) {
    this.#pieces = pieces;
  }

  headings(): readonly string[] {
    return [];
  }

  prepare(): void {}

  lines({ event }: Received): readonly string[] {
    return [this.#pieces.map((piece) => piece(event)).join('')];
  }
}

/**
 * The path that stands in a template.
 * @throws UserError DBA1004 with the place
 */
export function parsePath(text: string, format: string, template: string, at: number): FieldPath {
  const path = parseFieldPath(text);
  if (path === undefined) throw templateError(format, template, at, `${JSON.stringify(text)} is no path to a field`);
  const problem = pathProblem(path);
  if (problem !== undefined) throw templateError(format, template, at, problem);
  return path;
}

/** `\n`, `\t`, `\\` and `\"` as in JSON; everything else stays as it is. */
export function withoutEscapes(text: string): string {
  return text.replace(/\\([nt\\"])/g, (_, character: string) =>
    character === 'n' ? '\n' : character === 't' ? '\t' : character,
  );
}

/** DBA1004, with the template and a mark under the place. */
export function templateError(format: string, template: string, at: number, problem: string): UserError {
  const before = template.slice(0, at);
  const column = at - (before.lastIndexOf('\n') + 1);
  const line = template.split('\n')[before.split('\n').length - 1] ?? '';
  return new UserError(
    'DBA1004',
    `-o ${format}: ${problem}, at column ${column + 1}:\n${line}\n${' '.repeat(column)}^`,
    'Fields are those of `-o json`; `kubectl dbaudit tail --help` shows examples.',
  );
}
