import type { Nanos } from '../timeline.ts';

/** The lowest status that says that something went wrong. https://www.rfc-editor.org/rfc/rfc9110#section-15.5 */
export const FIRST_FAILURE = 400;

/** One request as a web server's access log tells it; secrets masked. What the log does not say is undefined. */
export interface HttpRequestFacts {
  /** Milliseconds since 1970 at which the answer had been sent: what logs write down. */
  readonly endedAt: number;
  readonly durationNanos: number | undefined;
  /** `_OTHER` where the request line is none, as OpenTelemetry has it. */
  readonly method: string;
  readonly path: string | undefined;
  readonly query: string | undefined;
  readonly domain: string | undefined;
  /** 100 to 599; undefined where no answer was sent. */
  readonly status: number | undefined;
  readonly requestBytes: number | undefined;
  readonly responseBytes: number | undefined;
  readonly requestId: string | undefined;
  readonly clientIp: string | undefined;
  readonly userAgent: string | undefined;
}

/** A request that a web server's log told of. */
export interface HttpAccess extends Omit<HttpRequestFacts, 'endedAt'> {
  readonly kind: 'http-access';
  readonly at: Nanos;
  /** Made of the file, the place in it and the line: whoever reads the line again gives the same. ASCII without escapes. */
  readonly id: string;
}
