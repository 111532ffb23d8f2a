import { VERSION } from '../contract/version.ts';
import type { SinkStatus } from '../delivery/sink-status.ts';
import type { SinkDescription } from '../delivery/sinks/index.ts';
import type { Agent } from './assemble.ts';
import type { PacketSource } from './capture/packet-source.ts';

type State =
  | { readonly kind: 'starting' }
  | { readonly kind: 'capturing' }
  /** Nothing is seen; `reason` is a code and a sentence. */
  | { readonly kind: 'blind'; readonly reason: string };

/** Whether this agent sees anything: what `/readyz` answers and `kubectl dbaudit coverage` asks for. */
export class CaptureStatus {
  readonly #sinks: readonly SinkDescription[];
  #state: State = { kind: 'starting' };

  constructor(sinks: readonly SinkDescription[]) {
    this.#sinks = sinks;
  }

  capturing(): void {
    this.#state = { kind: 'capturing' };
  }

  blind(reason: string): void {
    this.#state = { kind: 'blind', reason };
  }

  get isCapturing(): boolean {
    return this.#state.kind === 'capturing';
  }

  /** The body of `/status`; times are RFC 3339 with milliseconds. */
  describe({ output, sessions, timeline }: Agent, source: PacketSource): StatusReport {
    const { counts } = output;
    const protocols = [...sessions.recognized].map(([name, recognized]) => [
      name,
      {
        sessions: recognized,
        statements: counts.statements.get(name) ?? 0,
        encrypted: counts.encryptedSessions.get(name) ?? 0,
      },
    ]);
    return {
      version: VERSION,
      capturing: this.isCapturing,
      ...(this.#state.kind === 'blind' ? { reason: this.#state.reason } : {}),
      source: source.name,
      protocols: Object.fromEntries(protocols),
      ...(counts.lastAt === undefined ? {} : { lastEventAt: timeline.toDate(counts.lastAt).toISOString() }),
      receivedPackets: source.counters().received,
      droppedPackets: source.counters().dropped,
      gapBytes: counts.gapBytes,
      sinks: output.statuses.map((status) => ({
        ...this.#sinks.find(({ name }) => name === status.name),
        ...sinkReport(status),
      })),
    };
  }
}

export interface StatusReport {
  readonly version: string;
  readonly capturing: boolean;
  readonly reason?: string;
  readonly source: string;
  readonly protocols: Readonly<
    Record<string, { readonly sessions: number; readonly statements: number; readonly encrypted: number }>
  >;
  readonly lastEventAt?: string;
  readonly receivedPackets: number;
  readonly droppedPackets: number;
  readonly gapBytes: number;
  readonly sinks: readonly SinkReport[];
}

interface SinkReport extends Partial<SinkDescription> {
  readonly name: string;
  readonly sentEvents: number;
  readonly waitingEvents: number;
  readonly droppedEvents: number;
  readonly quarantinedEvents: number;
  readonly lagMillis: number;
  /** Why its receiver does not get events now: a code, where there is one, and a sentence. */
  readonly problem?: string;
  readonly misconfigured: boolean;
}

function sinkReport({ problem, ...status }: SinkStatus): SinkReport {
  const { name, sentEvents, waitingEvents, droppedEvents, quarantinedEvents, lagMillis } = status;
  const code = problem?.code === undefined ? '' : `${problem.code}: `;
  return {
    name,
    sentEvents,
    waitingEvents,
    droppedEvents,
    quarantinedEvents,
    lagMillis,
    misconfigured: problem?.kind === 'misconfigured',
    ...(problem === undefined ? {} : { problem: `${code}${problem.message}` }),
  };
}
