import { valueAt, valueText } from '../event-fields.ts';
import { readable } from './event-words.ts';
import { type Piece, PiecewiseFormat, parsePath, templateError, withoutEscapes } from './pieces.ts';

const NAME = 'jsonpath';

/**
 * kubectl's templates, as far as an event needs them: `{.user.name}{"\t"}{.db.query.text}`; a path alone may stand
 * without braces. Each event ends with a line end.
 * @throws UserError DBA1004 with the place
 */
export function jsonpathFormat(template: string): PiecewiseFormat {
  if (!template.includes('{')) return new PiecewiseFormat([pathPiece(template, template, 0)]);
  const pieces: Piece[] = [];
  let at = 0;
  for (const match of template.matchAll(/\{((?:"(?:[^"\\]|\\.)*"|'[^']*'|[^{}"'])*)\}/g)) {
    pieces.push(...textPiece(template, at, match.index));
    const inner = match[1] ?? '';
    const quoted = /^\s*"(.*)"\s*$/s.exec(inner)?.[1];
    pieces.push(quoted === undefined ? pathPiece(inner, template, match.index + 1) : () => withoutEscapes(quoted));
    at = match.index + match[0].length;
  }
  return new PiecewiseFormat([...pieces, ...textPiece(template, at, template.length)]);
}

function textPiece(template: string, from: number, to: number): readonly Piece[] {
  const text = template.slice(from, to);
  const brace = text.search(/[{}]/);
  if (brace !== -1) throw templateError(NAME, template, from + brace, 'this brace has no other half');
  return text === '' ? [] : [() => text];
}

function pathPiece(text: string, template: string, at: number): Piece {
  const plain = text.trim().replace(/^\$/, '');
  if (/\?\(|\.\.|^range\b|^end$/.test(plain))
    throw templateError(
      NAME,
      template,
      at,
      'conditions, .. and range are not known here (there is one event at a time)',
    );
  // All of a list is what a list gives anyhow.
  const path = parsePath(plain.replaceAll('[*]', ''), NAME, template, at);
  return (event) => readable(valueText(valueAt(event, path)));
}
