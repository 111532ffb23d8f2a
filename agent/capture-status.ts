import { VERSION } from '../contract/version.ts';
import type { Agent } from './assemble.ts';
import type { PacketSource } from './capture/packet-source.ts';

type State =
  | { readonly kind: 'starting' }
  | { readonly kind: 'capturing' }
  /** Nothing is seen; `reason` is a code and a sentence. */
  | { readonly kind: 'blind'; readonly reason: string };

/** Whether this agent sees anything: what `/readyz` answers and `kubectl dbaudit coverage` asks for. */
export class CaptureStatus {
  #state: State = { kind: 'starting' };

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
}
