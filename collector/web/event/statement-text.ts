/** What a piece of a statement is, for its looks alone; agent/sql is what decides anything. */
export interface Piece {
  readonly kind: 'keyword' | 'string' | 'number' | 'comment' | 'value' | 'text';
  readonly text: string;
}

/** Longer statements are shown as they are: colours would take longer to make than anybody reads. */
const LONGEST_COLOURED = 20_000;

const KEYWORDS = new Set(
  `ADD ALL ALTER ANALYZE AND AS ASC BEGIN BETWEEN BY CALL CASE CHECK COLUMN COMMIT CONSTRAINT COPY CREATE CROSS DATABASE
  DEFAULT DELETE DESC DESCRIBE DISTINCT DROP ELSE END EXCEPT EXECUTE EXISTS EXPLAIN FETCH FOR FOREIGN FROM FULL FUNCTION
  GRANT GROUP HAVING IDENTIFIED IF ILIKE IN INDEX INNER INSERT INTERSECT INTERVAL INTO IS JOIN KEY LEFT LIKE LIMIT LOAD
  LOCK MERGE NATURAL NOT NULL OFFSET ON OR ORDER OUTER OVER PARTITION PREPARE PRIMARY PROCEDURE REFERENCES RENAME REPLACE
  RETURNING REVOKE RIGHT ROLE ROLLBACK SAVEPOINT SCHEMA SELECT SET SHOW START TABLE THEN TO TRANSACTION TRIGGER TRUNCATE
  UNION UNIQUE UPDATE USE USER USING VALUES VIEW WHEN WHERE WINDOW WITH`.split(/\s+/),
);

/** In this order: comments, texts, what stands for a value, numbers, words, anything else. */
const PIECES =
  /(--[^\n]*|\/\*[\s\S]*?(?:\*\/|$))|('(?:[^'\\]|\\[\s\S]|'')*'?)|("(?:[^"]|"")*"?|`[^`]*`?)|(<masked>|\?|\$\d+\b)|(\b\d+(?:\.\d+)?\b)|([\p{L}_][\p{L}\p{N}_$]*)|(\s+|.)/gsu;

/** The statement in pieces; together they are the text again. */
export function pieces(text: string): readonly Piece[] {
  if (text.length > LONGEST_COLOURED) return [{ kind: 'text', text }];
  return Array.from(text.matchAll(PIECES), (match) => ({ kind: kindOf(match), text: match[0] }));
}

function kindOf([, comment, quoted, , value, number, word]: RegExpMatchArray): Piece['kind'] {
  if (comment !== undefined) return 'comment';
  if (quoted !== undefined) return 'string';
  if (value !== undefined) return 'value';
  if (number !== undefined) return 'number';
  return word !== undefined && KEYWORDS.has(word.toUpperCase()) ? 'keyword' : 'text';
}

/** Begin a line where they are not within parentheses. */
const CLAUSES = new Set(
  `SELECT FROM WHERE GROUP HAVING ORDER LIMIT OFFSET UNION EXCEPT INTERSECT VALUES SET RETURNING INNER LEFT RIGHT FULL
  CROSS JOIN WINDOW ON`.split(/\s+/),
);
/** Words that join the clause before them. */
const JOINED = /\b(INNER|LEFT|RIGHT|FULL|CROSS|NATURAL|OUTER|DELETE|INSERT|REPLACE|CONFLICT|DUPLICATE|FOR)$/i;
const INDENTED = new Set(['AND', 'OR', 'ON']);

/** The same statement with a line for each clause; nothing but white space between pieces changes. */
export function formatted(text: string): readonly Piece[] {
  const made: Piece[] = [];
  let depth = 0;
  let line = '';
  for (const piece of pieces(text)) {
    if (piece.kind === 'text' && piece.text.trim() === '') {
      if (line !== '') add({ kind: 'text', text: ' ' });
      continue;
    }
    if (piece.text === '(') depth += 1;
    if (piece.text === ')') depth -= 1;
    if (piece.kind === 'keyword' && depth === 0 && line.trim() !== '') {
      const word = piece.text.toUpperCase();
      if (INDENTED.has(word)) breakLine('  ');
      else if (CLAUSES.has(word) && !JOINED.test(line.trimEnd())) breakLine('');
    }
    add(piece);
    if (piece.kind === 'comment' && piece.text.startsWith('--')) breakLine('');
  }
  return made;

  function add(piece: Piece): void {
    made.push(piece);
    line += piece.text;
  }
  function breakLine(indent: string): void {
    const last = made.at(-1);
    if (last?.text === ' ') made.pop();
    made.push({ kind: 'text', text: `\n${indent}` });
    line = indent;
  }
}
