import type { AuditEvent, Session } from './audit-event.ts';
import { sessionId } from './encode/session-id.ts';
import type { DecoderLimits, Protocol } from './protocols/protocol.ts';
import { SessionListener, type SessionParts } from './protocols/session.ts';
import { SessionFacts } from './protocols/session-facts.ts';
import type { OpenConnection } from './tcp/byte-stream.ts';
import type { Timeline } from './timeline.ts';

export interface SessionOpenerOptions {
  readonly protocols: readonly Protocol[];
  /** Server ports by protocol name. */
  readonly ports: Readonly<Record<string, readonly number[]>>;
  /** Look into connections to other ports too, and recognise them by content alone. */
  readonly allPorts: boolean;
  readonly limits: DecoderLimits;
  readonly timeline: Timeline;
  /** Tells agents apart that see the same connection. */
  readonly salt: string;
}

type Emit = (session: Session, activity: AuditEvent['activity']) => void;

/** Knows which connections are to be looked into. */
export class SessionOpener {
  readonly #options: SessionOpenerOptions;
  readonly #byPort = new Map<number, Protocol>();
  /** Sessions recognised so far, by protocol. */
  readonly recognized = new Map<string, number>();

  constructor(options: SessionOpenerOptions) {
    this.#options = options;
    for (const protocol of options.protocols) {
      this.recognized.set(protocol.name, 0);
      for (const port of options.ports[protocol.name] ?? []) this.#byPort.set(port, protocol);
    }
  }

  isServerPort(port: number): boolean {
    return this.#byPort.has(port);
  }

  /** Makes a session of each connection that is to be looked into; what it gives goes to `emit`. */
  opener(emit: Emit): OpenConnection {
    const { protocols, limits, timeline, salt, allPorts } = this.#options;
    const parts: SessionParts = {
      protocols,
      limits,
      report: emit,
      recognized: (session, { name }, at) => {
        session.protocol = name;
        session.facts.update({ system: name });
        this.recognized.set(name, (this.recognized.get(name) ?? 0) + 1);
        if (!session.connection.capturedFromStart) emit(session, { kind: 'session-midstream', at });
      },
      ended: (session, at, reason) => {
        if (session.protocol !== undefined) emit(session, { kind: 'session-end', at, reason });
      },
    };
    return (connection) => {
      const expected = this.#byPort.get(connection.server.port);
      if (expected === undefined && !allPorts) return undefined;
      const session: Session = {
        id: sessionId(connection, timeline, salt),
        connection,
        protocol: undefined,
        facts: new SessionFacts('unknown'),
        eventCount: 0,
        encoderCache: undefined,
      };
      return new SessionListener(parts, session, expected);
    };
  }
}
