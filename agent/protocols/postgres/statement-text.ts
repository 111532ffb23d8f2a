import type { PostgresSession } from './postgres-session.ts';

/** What is told of a statement's text: of a request, or of a prepared statement. */
export interface TextHolder {
  text: string | undefined;
  textLength: number;
  textSha256: string | undefined;
}

/** Gives `holder` the text `buffer[start, end)`, cut at the session's limit. */
export function setText(
  holder: TextHolder,
  session: PostgresSession,
  buffer: Buffer,
  start: number,
  end: number,
): void {
  const limit = session.context.limits.textBytes;
  holder.textLength = end - start;
  if (end - start <= limit) {
    holder.text = session.readText(buffer, start, end);
    return;
  }
  holder.text = session.readText(buffer, start, cutEnd(buffer, start, start + limit));
  holder.textSha256 = sha256().update(buffer.subarray(start, end)).digest('hex');
}

type Sha256 = ReturnType<typeof import('node:crypto').createHash>;

function sha256(): Sha256 {
  return process.getBuiltinModule('node:crypto').createHash('sha256');
}

/** A text longer than its message's kept head: the holder has the head; digest and length are told at the end. */
export class LongText {
  readonly #holder: TextHolder;
  readonly #hash = sha256();
  #bytes: number;

  /** `buffer[start, end)` is the head; `textLength` holds as long as the end has not been seen. */
  constructor(
    holder: TextHolder,
    session: PostgresSession,
    buffer: Buffer,
    start: number,
    end: number,
    textLength: number,
  ) {
    const headEnd = Math.min(end, start + session.context.limits.textBytes);
    holder.text = session.readText(buffer, start, cutEnd(buffer, start, headEnd));
    holder.textLength = textLength;
    this.#holder = holder;
    this.#hash.update(buffer.subarray(start, end));
    this.#bytes = end - start;
  }

  /** Takes what follows, up to the zero byte that ends the text; false once it has been seen. */
  more(buffer: Buffer, start: number, end: number, remaining: number): boolean {
    const zero = buffer.indexOf(0, start);
    const isEnd = zero >= 0 && zero < end;
    const textEnd = isEnd ? zero : end;
    this.#hash.update(buffer.subarray(start, textEnd));
    this.#bytes += textEnd - start;
    if (!isEnd && remaining > 0) return true;
    this.#holder.textSha256 = this.#hash.digest('hex');
    this.#holder.textLength = this.#bytes;
    return false;
  }
}

/** Where to cut so that no UTF-8 character is cut in two; other encodings have at most one broken character there. */
function cutEnd(buffer: Buffer, start: number, end: number): number {
  let cut = end;
  while (cut > start && end - cut < 3 && ((buffer[cut] ?? 0) & 0xc0) === 0x80) cut -= 1;
  return cut;
}
