import type { Connection } from '../tcp/byte-stream.ts';
import { NANOS_PER_SECOND, type Timeline } from '../timeline.ts';

/** Four lanes of 32 bits, so that a hundred million sessions have no two ids alike (chance 10^-23). */
const lanes = new Int32Array(4);
/** Odd constants with their bits well spread, from xxHash and MurmurHash3; any such would do. */
const MULTIPLIERS = new Int32Array([0x9e3779b1, 0x85ebca77, 0xc2b2ae3d, 0x27d4eb2f]);

/**
 * 32 hex digits for a connection, from its addresses, its ports, its start and `salt`, which tells agents apart that see
 * the same connection. The same capture gives the same ids. It is no secret and no protection against forgery.
 */
export function sessionId(connection: Connection, timeline: Timeline, salt: string): string {
  lanes.set(MULTIPLIERS);
  const seconds = Math.floor(connection.startedAt / NANOS_PER_SECOND);
  mixText(salt);
  mixText(connection.client.ip);
  mix(connection.client.port);
  mixText(connection.server.ip);
  mix(connection.server.port);
  mix(timeline.originSeconds + seconds);
  mix(connection.startedAt - seconds * NANOS_PER_SECOND);
  for (let round = 0; round < 4; round++) mix(round);
  let id = '';
  for (const lane of lanes) id += (lane >>> 0).toString(16).padStart(8, '0');
  return id;
}

function mixText(text: string): void {
  mix(text.length);
  for (let i = 0; i < text.length; i++) mix(text.charCodeAt(i));
}

/** Every lane takes the value in and something of its neighbour. */
function mix(value: number): void {
  for (let i = 0; i < 4; i++) {
    const neighbour = lanes[(i + 1) & 3] as number;
    const mixed = Math.imul((lanes[i] as number) ^ (value | 0), MULTIPLIERS[i] as number);
    lanes[i] = ((mixed << 13) | (mixed >>> 19)) + (neighbour ^ (neighbour >>> 15));
  }
}
