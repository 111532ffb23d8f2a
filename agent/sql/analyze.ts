import type { Redaction, SqlAnalysis } from './analysis.ts';
import { Fingerprint } from './fingerprint.ts';
import { IS_VALUE, KEYWORD_FLAGS } from './keywords.ts';
import { type Dialect, Lexer } from './lexer.ts';
import { maskText } from './mask.ts';
import { type Shape, ShapeCache } from './shape-cache.ts';
import {
  CLOSE,
  COMMA,
  COMMENT,
  COMMENT_EDGE,
  END,
  NUMBER,
  OPEN,
  PLACEHOLDER,
  SEMICOLON,
  STRING,
  SYMBOL,
  WORD,
} from './tokens.ts';

const lexer = new Lexer();
const fingerprint = new Fingerprint();
const shapes: Readonly<Record<Dialect, ShapeCache>> = {
  mysql: new ShapeCache('mysql'),
  postgresql: new ShapeCache('postgresql'),
};
const NO_PARAMETERS: readonly number[] = [];
const NO_SECRETS: readonly string[] = [];

/**
 * What a statement does, to which tables, and its text as it may leave the agent. The text may be cut anywhere and may be
 * no SQL at all. Never throws; takes time in proportion to the text.
 */
export function analyzeSql(text: string, dialect: Dialect, redaction: Redaction): SqlAnalysis {
  readFingerprint(text, dialect);
  const shape = shapes[dialect].of(fingerprint.first, fingerprint.second, text);
  const { suspicious } = lexer;
  lexer.release();
  return suspicious || redaction === 'literals' ? masked(shape, text, dialect, redaction) : unmasked(shape, text);
}

function readFingerprint(text: string, dialect: Dialect): void {
  lexer.reset(text, dialect);
  fingerprint.reset();
  for (;;) {
    switch (lexer.next()) {
      case END:
        fingerprint.finish();
        return;
      case WORD:
        word(lexer.keyword);
        break;
      case STRING:
      case NUMBER:
      case PLACEHOLDER:
        fingerprint.literal();
        break;
      case COMMA:
        fingerprint.comma();
        break;
      case OPEN:
        fingerprint.open();
        break;
      case CLOSE:
        fingerprint.close();
        break;
      case SEMICOLON:
        fingerprint.semicolon();
        break;
      case SYMBOL:
        fingerprint.symbol(lexer.code);
        break;
      case COMMENT:
      case COMMENT_EDGE:
        break;
    }
  }
}

function word(keyword: number): void {
  if (keyword === 0) fingerprint.name(lexer.lowerHash, lexer.writtenHash);
  else if (((KEYWORD_FLAGS[keyword] as number) & IS_VALUE) !== 0) fingerprint.valueKeyword(keyword);
  else fingerprint.keyword(keyword);
}

function unmasked(shape: Shape, text: string): SqlAnalysis {
  return {
    operation: shape.operation,
    statementClass: shape.statementClass,
    tables: shape.tables,
    summary: shape.summary,
    fingerprint: shape.fingerprint,
    text,
    maskedSecrets: 0,
    maskedLiterals: 0,
    secretParameters: NO_PARAMETERS,
    secrets: NO_SECRETS,
  };
}

function masked(shape: Shape, text: string, dialect: Dialect, redaction: Redaction): SqlAnalysis {
  const result = maskText(text, dialect, redaction);
  return {
    operation: shape.operation,
    statementClass: shape.statementClass,
    tables: shape.tables,
    summary: shape.summary,
    fingerprint: shape.fingerprint,
    text: result.text,
    maskedSecrets: result.maskedSecrets,
    maskedLiterals: result.maskedLiterals,
    secretParameters: result.secretParameters,
    secrets: result.secrets,
  };
}
