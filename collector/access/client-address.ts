import type { IncomingMessage } from 'node:http';

/** Where a request is from. Behind a port-forward that is the API server's, or the kubelet's, own address. */
export function clientOf({ socket }: Pick<IncomingMessage, 'socket'>): { readonly ip: string; readonly port: number } {
  // An IPv4 address as a listener for both kinds has it.
  const ip = (socket.remoteAddress ?? '').replace(/^::ffff:(?=\d+\.)/, '').replace(/%.*$/, '');
  return { ip: ip === '' ? '::' : ip, port: socket.remotePort ?? 0 };
}
