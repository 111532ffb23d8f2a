import type { AuditEvent, Session } from './audit-event.ts';
import { sessionId } from './encode/session-id.ts';
import type { DecoderLimits, Protocol } from './protocols/protocol.ts';
import { SessionListener } from './protocols/session.ts';
import { SessionFacts } from './protocols/session-facts.ts';
import type { ByteStreamListener, Connection } from './tcp/byte-stream.ts';
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

/** Makes a session of each connection that is to be looked into. */
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

  open(connection: Connection, emit: Emit): ByteStreamListener | undefined {
    const { protocols, limits, timeline, salt, allPorts } = this.#options;
    const expected = this.#byPort.get(connection.server.port);
    if (expected === undefined && !allPorts) return undefined;
    let protocol: Protocol | undefined;
    const session: Session = {
      id: sessionId(connection, timeline, salt),
      connection,
      protocol: undefined,
      facts: new SessionFacts('unknown'),
      eventCount: 0,
    };
    return new SessionListener({
      session,
      protocols,
      expected,
      limits,
      report: emit,
      recognized: (recognized, found, at) => {
        protocol = found;
        recognized.protocol = found.name;
        recognized.facts.update({ system: found.name });
        this.recognized.set(found.name, (this.recognized.get(found.name) ?? 0) + 1);
        if (!connection.capturedFromStart) emit(recognized, { kind: 'session-midstream', at });
      },
      ended: (ended, at, reason) => {
        if (protocol !== undefined) emit(ended, { kind: 'session-end', at, reason });
      },
    });
  }
}
