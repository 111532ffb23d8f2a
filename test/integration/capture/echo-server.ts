import { once } from 'node:events';
import net from 'node:net';

/** Sends back whatever comes, on a free port of 127.0.0.1. */
export async function echoServer(): Promise<{ readonly port: number; close(): Promise<void> }> {
  const server = net.createServer((socket) => {
    socket.setNoDelay(true);
    socket.pipe(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as net.AddressInfo;
  return {
    port,
    async close() {
      server.close();
      await once(server, 'close');
    },
  };
}

/** Sends each message when the one before is back. Settles, with the client's port, once the connection is closed. */
export async function talk(port: number, messages: readonly Buffer[]): Promise<number> {
  const socket = net.connect(port, '127.0.0.1');
  await once(socket, 'connect');
  socket.setNoDelay(true);
  const clientPort = socket.localPort ?? 0;
  for (const message of messages) {
    let missing = message.length;
    const back = Promise.withResolvers<void>();
    const onData = (chunk: Buffer): void => {
      missing -= chunk.length;
      if (missing === 0) back.resolve();
    };
    socket.on('data', onData);
    socket.write(message);
    await back.promise;
    socket.off('data', onData);
  }
  socket.end();
  socket.resume();
  await once(socket, 'close');
  return clientPort;
}
