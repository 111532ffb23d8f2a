import type { AuditEvent } from '../../contract/audit-event.ts';
import { isGap } from './kinds.ts';
import { ownPod } from './known-addresses.ts';

/** More than the clocks of two nodes differ, less than a client needs to come again from the same port. */
const SAME_MILLIS = 5_000;
/** What the other end has not told after so many events it does not tell any more. */
const MAX_REMEMBERED = 8_192;

interface Sighting {
  readonly pod: string;
  readonly atMillis: number;
}

/**
 * Where client and server both have an agent, each tells the same statement. Of two such events the one that comes
 * later is a repeat. They have the client's address and port, the place within the session and what was said in common,
 * but not the server's address, which a Service hides from the client. What cannot be told for sure is no repeat.
 */
export class OtherEnd {
  readonly #seen = new Map<string, Sighting>();

  isRepeat(event: AuditEvent): boolean {
    const pod = ownPod(event);
    const { client, network, dbaudit, db } = event;
    if (pod === undefined || client === undefined || dbaudit.session === undefined || isGap(event)) return false;
    const { index, connection_id } = dbaudit.session;
    const key = JSON.stringify([
      ...[client.ip, client.port, network?.protocol, event.event.action, index, connection_id],
      ...[dbaudit.statement?.fingerprint, dbaudit.statement?.text_length, db?.operation?.name],
    ]);
    const atMillis = Date.parse(event['@timestamp']);
    const other = this.#seen.get(key);
    if (other !== undefined && other.pod !== pod && Math.abs(other.atMillis - atMillis) <= SAME_MILLIS) {
      this.#seen.delete(key);
      return true;
    }
    this.#remember(key, { pod, atMillis });
    return false;
  }

  #remember(key: string, sighting: Sighting): void {
    this.#seen.delete(key);
    this.#seen.set(key, sighting);
    if (this.#seen.size <= MAX_REMEMBERED) return;
    const [oldest] = this.#seen.keys();
    if (oldest !== undefined) this.#seen.delete(oldest);
  }
}
