import { once } from 'node:events';
import type { Response } from 'express';
import type { Answer, AnswerStream } from './route.ts';

/**
 * Sends it; `onStreamed` gets how many events were given in a stream, however that ended. A stream that fails breaks the
 * connection off, and rejects where its reader is still there.
 */
export async function sendAnswer(
  answer: Answer,
  response: Response,
  { left, onStreamed }: { readonly left: AbortSignal; onStreamed(events: number): Promise<void> },
): Promise<void> {
  switch (answer.kind) {
    case 'json':
      response.status(answer.status ?? 200).json(answer.value);
      return;
    case 'nothing':
      response.status(204).end();
      return;
    case 'file':
      if (answer.policy !== undefined) response.set('Content-Security-Policy', answer.policy);
      response.type(answer.type).set('Content-Disposition', `inline; filename="${answer.name}"`).send(answer.bytes);
      return;
    case 'stream': {
      const stream = new ResponseStream(response, left);
      try {
        await answer.write(begun(answer, response, stream));
        response.end();
      } catch (error) {
        response.destroy();
        if (!left.aborted) throw error;
      } finally {
        await onStreamed(stream.events);
      }
    }
  }
}

function begun(
  { type, name }: Extract<Answer, { readonly kind: 'stream' }>,
  response: Response,
  stream: AnswerStream,
): AnswerStream {
  response.type(type);
  if (name !== undefined) response.set('Content-Disposition', `attachment; filename="${name}"`);
  response.flushHeaders();
  return stream;
}

class ResponseStream implements AnswerStream {
  readonly #response: Response;
  readonly #left: AbortSignal;
  events = 0;

  constructor(response: Response, left: AbortSignal) {
    this.#response = response;
    this.#left = left;
  }

  async write(text: string, events = 0): Promise<void> {
    this.#left.throwIfAborted();
    if (text === '') return;
    this.events += events;
    if (!this.#response.write(text)) await once(this.#response, 'drain', { signal: this.#left });
  }
}
