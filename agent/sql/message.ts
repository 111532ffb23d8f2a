import { MASKED } from '../../contract/masked.ts';
import type { Redaction, SqlAnalysis } from './analysis.ts';

/** A shorter secret is looked for as a word of its own: taken out of the middle of words it would leave no message. */
const MIN_LENGTH_ANYWHERE = 3;
/** MySQL and PostgreSQL repeat a piece of the statement here, which may hold no more than the beginning of a credential. */
const NEAR = /\b(near\s+)(['"])[\s\S]*\2/i;
const QUOTED = /'(?:[^'\\]|''|\\.)*'|"(?:[^"\\]|""|\\.)*"|`[^`]*`/gs;
const KEY_VALUES = /=\([^)]*\)/g;
const NUMBERS = /\b\d+(?:\.\d+)?\b/g;

/** What the server said about a statement, without the statement's credentials and, where asked for, without literals. */
export function maskMessage(message: string, analysis: SqlAnalysis | undefined, redaction: Redaction): string {
  let masked = message;
  if (analysis !== undefined && analysis.maskedSecrets > 0) {
    masked = masked.replace(NEAR, `$1$2${MASKED}$2`);
    for (const secret of analysis.secrets) masked = withoutSecret(masked, secret);
  }
  if (redaction !== 'literals') return masked;
  return masked.replace(QUOTED, '?').replace(KEY_VALUES, '=(?)').replace(NUMBERS, '?');
}

function withoutSecret(message: string, secret: string): string {
  if (secret.length >= MIN_LENGTH_ANYWHERE) return message.replaceAll(secret, MASKED);
  return message.replace(/[\p{L}\p{N}_]+|[^\p{L}\p{N}_]/gu, (word) => (word === secret ? MASKED : word));
}
