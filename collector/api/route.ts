import type * as z from 'zod';
import type { Right } from '../access/authorize.ts';
import type { Caller } from '../access/identify.ts';
import type { Scope } from '../access/scope.ts';
import { Problem } from './problem.ts';

/** One question to the API, of somebody who may ask it. */
export interface Ask<Body> {
  readonly body: Body;
  /** What is in the path in place of `:name`. */
  readonly parameters: Readonly<Record<string, string>>;
  readonly caller: Caller;
  /** What of events they may see; of a route without a scope nothing. */
  readonly scope: Scope;
  /** Aborts when who asked has left. */
  readonly signal: AbortSignal;
  /** The scope as it is now, for answers that go on; undefined: who asked may ask no more. */
  stillAllowed(): Promise<Scope | undefined>;
}

/** Settles when the reader can take more; rejects when it has left. `events` of them are in the text, for the record. */
export interface AnswerStream {
  write(text: string, events?: number): Promise<void>;
}

/** `events`: how many were given, for the record. */
export type Answer =
  | { readonly kind: 'json'; readonly value: unknown; readonly events?: number; readonly status?: 200 | 201 }
  | { readonly kind: 'nothing' }
  | {
      readonly kind: 'file';
      readonly bytes: Buffer;
      readonly type: string;
      readonly name: string;
      /** Content-Security-Policy of what a browser shows by itself. */
      readonly policy?: string;
    }
  | {
      readonly kind: 'stream';
      readonly type: string;
      /** As a file to keep; absent: shown as it comes. */
      readonly name?: string;
      write(stream: AnswerStream): Promise<void>;
    };

/** What somebody must be allowed: `scoped` in one namespace at least, which the scope then is; `cluster` in all of it. */
export type Need =
  | { readonly kind: 'known' }
  | { readonly kind: 'scoped'; readonly right: Right }
  | { readonly kind: 'cluster'; readonly right: Right };

/** Whether, and as what, it is on record; `query` shows the body as it was asked. */
export interface Recorded {
  readonly resource: string;
  readonly verb: string;
}

export interface Route {
  readonly method: 'get' | 'post' | 'delete';
  /** Below API_PATH, in express' words. */
  readonly path: string;
  readonly need: Need;
  readonly recorded?: Recorded;
  /** Parses the body and answers. @throws ZodError, Problem and what stores throw */
  run(ask: Ask<unknown>): Promise<Answer>;
}

interface RouteWithBody<Schema extends z.ZodType> extends Omit<Route, 'run' | 'method'> {
  readonly schema: Schema;
  run(ask: Ask<z.output<Schema>>): Promise<Answer>;
}

/** A question with a body. */
export function post<Schema extends z.ZodType>({ schema, run, ...route }: RouteWithBody<Schema>): Route {
  return { ...route, method: 'post', run: (ask) => run({ ...ask, body: schema.parse(ask.body) }) };
}

export function get(route: Omit<Route, 'method'>): Route {
  return { ...route, method: 'get' };
}

/** `delete` is a word of the language. */
export function remove(route: Omit<Route, 'method'>): Route {
  return { ...route, method: 'delete' };
}

export function json(value: unknown, more: { readonly events?: number; readonly status?: 200 | 201 } = {}): Answer {
  return { kind: 'json', value, ...more };
}

/** A part that this collector runs without. */
export function absent(part: string): Problem {
  return new Problem(404, 'DBA5009', `this collector does not have ${part}`);
}

export function notFound(what: string): Problem {
  return new Problem(404, 'DBA5004', `there is no ${what}, or it is not yours to see`);
}
