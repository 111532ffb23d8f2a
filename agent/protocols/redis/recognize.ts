import type { Side } from '../../tcp/byte-stream.ts';
import { isKnownCommand } from './commands.ts';
import { STAR } from './resp.ts';

type Verdict = 'yes' | 'likely' | 'no' | 'need-more';

/** The header of a command and of its name, as much of it as may be there. */
const REQUEST = /^\*[1-9]\d{0,6}\r\n\$[1-9]\d?\r\n[A-Za-z_]/;
const REQUEST_BEGINNING = /^\*(?:[1-9]\d{0,6}(?:\r(?:\n(?:\$(?:[1-9]\d?(?:\r(?:\n)?)?)?)?)?)?)?$/;
const INLINE_BEGINNING = /^[A-Za-z]{1,20}$/;
const INLINE = /^([A-Za-z]{2,20})(?:[ \t][\t\x20-\x7e]*)?\r?(?:\n|$)/;
/** An answer: a status or an error in words, a number, a length. */
const ANSWER = /^(?:\+[A-Za-z]|-[A-Z]{2,}[ \r]|[:$*%>~](?:-1|\d{1,10})\r\n|_\r\n)/;
const ANSWER_BEGINNING = /^[-+:$*%>~_][\x20-\x7e]{0,12}\r?$/;
/** Longer beginnings are judged by so much. */
const JUDGED_BYTES = 128;

/** Judges a connection by its first bytes: a command of a client in RESP is certain, the rest may be others' too. */
export function recognize(side: Side, opening: Buffer, start: number, end: number): Verdict {
  if (end <= start) return 'need-more';
  const text = opening.latin1Slice(start, Math.min(end, start + JUDGED_BYTES));
  if (side === 'server') return ANSWER.test(text) ? 'likely' : ANSWER_BEGINNING.test(text) ? 'need-more' : 'no';
  if (opening[start] === STAR) {
    if (REQUEST.test(text)) return 'yes';
    return REQUEST_BEGINNING.test(text) ? 'need-more' : 'no';
  }
  const name = INLINE.exec(text)?.[1];
  if (name !== undefined && isKnownCommand(name)) return / HTTP\/\d/.test(text) ? 'no' : 'likely';
  return INLINE_BEGINNING.test(text) ? 'need-more' : 'no';
}
