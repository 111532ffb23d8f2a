import type { LostAtClose } from '../delivery/delivery.ts';
import type { AgentEvent, AuditEvent, CaptureGap } from './audit-event.ts';
import type { PacketSource } from './capture/packet-source.ts';
import type { Enricher } from './enrich/index.ts';
import type { EventOutput } from './event-output.ts';
import type { HttpAccess } from './file-input/http-access.ts';
import { DropWatch } from './losses.ts';
import type { SessionOpener } from './session-opener.ts';
import { type Limits, Reassembler } from './tcp/reassembler.ts';
import { Segment } from './tcp/segment.ts';
import { NANOS_PER_SECOND, type Nanos, type Timeline } from './timeline.ts';

const NEVER = new AbortController().signal;

export interface PipelineParts {
  readonly source: PacketSource;
  readonly timeline: Timeline;
  readonly sessions: SessionOpener;
  readonly enrichers: readonly Enricher[];
  readonly output: EventOutput;
  readonly limits: Limits;
  /** How long sinks may take at the end; Infinity: as long as they need. */
  readonly closingMillis: number;
}

/**
 * The whole way of the data:
 *
 *   packet -> segment -> ordered bytes -> activity -> audit event -> enriched event -> encoded line -> sinks
 *
 * Everything up to the encoded line happens within the call that brought the packet.
 */
export class Pipeline {
  readonly reassembler: Reassembler;
  readonly #parts: PipelineParts;
  readonly #drops: DropWatch;
  #now: Nanos = 0;
  #nextTick: Nanos = 0;

  constructor(parts: PipelineParts) {
    this.#parts = parts;
    const { source, sessions, limits } = parts;
    this.reassembler = new Reassembler({
      open: sessions.opener((session, activity) => this.#deliver({ activity, session, analysis: undefined })),
      isServerPort: (port) => sessions.isServerPort(port),
      limits,
      onGap: (reason, count, at) => this.emitOwn({ kind: 'capture-gap', at, reason, count, detail: undefined }),
    });
    this.#drops = new DropWatch(
      () => source.counters(),
      (gap) => this.emitOwn(gap),
    );
  }

  /**
   * Settles when the source has ended and every sink has what came of it, or could not be given it in time: with those.
   * `clock` tells the time at the end, where that is not the time of the last packet.
   */
  async run(signal: AbortSignal, clock?: () => Nanos): Promise<readonly LostAtClose[]> {
    const { source, timeline, output, closingMillis } = this.#parts;
    const segment = new Segment();
    let lost: readonly LostAtClose[] = [];
    output.start();
    try {
      await source.run(
        (buffer, start, end, originalLength, seconds, nanos, linkType, interfaceIndex) => {
          const at = timeline.at(seconds, nanos);
          this.#now = at;
          if (at >= this.#nextTick) this.tick(at);
          const parsed = segment.parse(buffer, start, end, originalLength, linkType, interfaceIndex);
          this.reassembler.accept(parsed, segment, at);
        },
        () => output.flush(),
        signal,
      );
    } finally {
      const at = clock?.() ?? this.#now;
      this.reassembler.closeAll(at);
      this.#drops.check(at);
      lost = await output.close(Number.isFinite(closingMillis) ? AbortSignal.timeout(closingMillis) : NEVER);
    }
    return lost;
  }

  /** What time brings about: connections grown idle, statements long unanswered, drops counted by the kernel. */
  tick(at: Nanos): void {
    this.#nextTick = at + NANOS_PER_SECOND;
    this.reassembler.tick(at);
    this.#drops.check(at);
  }

  /** Something that belongs to no session (the agent's own, a log's line), in the same stream as what was captured. */
  emitOwn(activity: CaptureGap | AgentEvent | HttpAccess): void {
    this.#deliver({ activity, session: undefined, analysis: undefined });
  }

  #deliver(event: AuditEvent): void {
    let kept: AuditEvent | undefined = event;
    for (const enricher of this.#parts.enrichers) {
      kept = enricher(kept);
      if (kept === undefined) return;
    }
    this.#parts.output.write(kept);
  }
}
