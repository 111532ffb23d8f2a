import type { Nanos } from '../timeline.ts';
import { ipv4Text, ipv6Text } from './address-text.ts';
import type { Connection, Endpoint } from './byte-stream.ts';
import type { Flow } from './flow.ts';

export interface FirstPacket {
  readonly at: Nanos;
  readonly interfaceIndex: number | undefined;
}

/** What a listener is told of the connection that `flow` is. */
export function observedConnection(
  flow: Flow,
  clientIsLow: boolean,
  first: FirstPacket,
  capturedFromStart: boolean,
): Connection {
  const low = { ip: addressText(flow, 0, flow.low), port: flow.lowPort };
  const high = { ip: addressText(flow, 4, flow.high), port: flow.highPort };
  const client: Endpoint = clientIsLow ? low : high;
  const server: Endpoint = clientIsLow ? high : low;
  return {
    client,
    server,
    ipVersion: flow.wide === undefined ? 4 : 6,
    startedAt: first.at,
    capturedFromStart,
    interfaceIndex: first.interfaceIndex,
  };
}

function addressText(flow: Flow, firstWord: number, narrow: number): string {
  return flow.wide === undefined ? ipv4Text(narrow) : ipv6Text(flow.wide, firstWord);
}
