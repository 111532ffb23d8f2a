/** A real receiver of an agent's events that can be made to fail. */
export interface Receiver {
  /** With the version: `kafka-4.3`. */
  readonly name: string;
  /** On loopback. */
  readonly port: number;
  /** Of the process that answers. */
  readonly pid: number;
  /** The agent's entry for it. */
  readonly sink: object;
  /** SIGKILL; settles when it is gone. */
  kill(): Promise<void>;
  /** The same receiver with its data, on its port; settles when it answers. */
  restart(): Promise<void>;
  /** Calls `visit` with each event that it has, parsed, repeats included; on a path that the agent does not use. */
  readAll(visit: (event: unknown) => void): Promise<void>;
  /** Ends it and removes what it has; safe to call twice. */
  stop(): Promise<void>;
}
