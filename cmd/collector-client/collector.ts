import type { IncomingMessage } from 'node:http';
import type * as z from 'zod';

/** A question to the collector's API. Paths are below `/api/v1`. */
export interface Question {
  readonly method?: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  readonly body?: unknown;
  /** It may take minutes: only silence for longer than those gives it up. */
  readonly slow?: true;
  readonly signal?: AbortSignal;
}

/** Any request, as the page makes them; `path` is whole. */
export interface PlainRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body?: NodeJS.ReadableStream;
  readonly signal?: AbortSignal;
}

/** The collector as commands see it. Every method but `pass` rejects with UserError where it is refused or not reached. */
export interface Collector {
  /** As messages name it. */
  readonly place: string;
  ask<Schema extends z.ZodType>(question: Question, answer: Schema): Promise<z.output<Schema>>;
  /** The answer as it comes, once the collector has agreed to give it. */
  stream(question: Question): Promise<IncomingMessage>;
  /** The answer whatever it says; the caller's credentials are added. */
  pass(request: PlainRequest): Promise<IncomingMessage>;
  /** Ends connections that are kept for the next question. */
  close(): void;
}
