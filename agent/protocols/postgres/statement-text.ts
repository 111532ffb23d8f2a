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
  const digest = new TextDigest();
  digest.add(buffer, start, end);
  holder.textSha256 = digest.hex();
}

/** Gives `holder` the head of a text of which more is to come; its digest is told when the end has been seen. */
export function setTextHead(
  holder: TextHolder,
  session: PostgresSession,
  buffer: Buffer,
  start: number,
  end: number,
): TextDigest {
  const limit = session.context.limits.textBytes;
  holder.text = session.readText(buffer, start, cutEnd(buffer, start, Math.min(end, start + limit)));
  const digest = new TextDigest();
  digest.add(buffer, start, end);
  return digest;
}

type Sha256 = ReturnType<typeof import('node:crypto').createHash>;

/** SHA-256 of a text that comes in pieces. */
export class TextDigest {
  readonly #hash: Sha256 = process.getBuiltinModule('node:crypto').createHash('sha256');
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  add(buffer: Buffer, start: number, end: number): void {
    this.#hash.update(buffer.subarray(start, end));
    this.#bytes += end - start;
  }

  hex(): string {
    return this.#hash.digest('hex');
  }
}

/** Where to cut so that no UTF-8 character is cut in two; other encodings have at most one broken character there. */
function cutEnd(buffer: Buffer, start: number, end: number): number {
  let cut = end;
  while (cut > start && end - cut < 3 && ((buffer[cut] ?? 0) & 0xc0) === 0x80) cut -= 1;
  return cut;
}
