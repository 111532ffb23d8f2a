import { Duplex, PassThrough, Writable } from 'node:stream';
import { type KubeConfig, PortForward } from '@kubernetes/client-node';
import { UserError } from '../../contract/user-error.ts';
import { refusalError, unreachableError } from './status-error.ts';

/**
 * A connection to a port of a pod, through the API server's WebSocket. It is destroyed with DBA1101 where the kubelet
 * says that nothing listens. Half-closing is not possible: ending the writing side ends both.
 */
export async function openPortForward(
  kubeConfig: KubeConfig,
  target: { readonly namespace: string; readonly pod: string; readonly port: number; readonly context: string },
): Promise<Duplex> {
  const { namespace, pod, port, context } = target;
  const [toPod, fromPod] = [new PassThrough(), new PassThrough()];
  const connection = new Duplex({
    write: (chunk, encoding, done) => void toPod.write(chunk, encoding, done),
    final: (done) => void toPod.end(done),
    read: () => void fromPod.resume(),
  });
  // The kubelet may complain before the caller listens; whoever reads or writes then is told.
  connection.on('error', () => undefined);
  fromPod.on('data', (chunk) => {
    if (!connection.push(chunk)) fromPod.pause();
  });
  fromPod.once('end', () => connection.push(null));
  const complaints = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      const said = chunk.toString('utf8').trim();
      // First comes the port's number, which client-node takes away: an empty chunk is left.
      if (said === '') return done();
      connection.destroy(
        new UserError(
          'DBA1101',
          `port ${port} of pod ${namespace}/${pod}: ${said}`,
          'See whether the pod runs and is ready.',
        ),
      );
      done();
    },
  });
  try {
    const socket = await new PortForward(kubeConfig).portForward(namespace, pod, [port], fromPod, complaints, toPod);
    const opened = typeof socket === 'function' ? socket() : socket;
    opened?.addEventListener('close', () => fromPod.end());
    connection.once('close', () => opened?.close());
    return connection;
  } catch (error) {
    throw openingError(error, { action: `forward port ${port} of pod ${namespace}/${pod}`, context });
  }
}

/** A WebSocket that is refused tells no more than `Unexpected server response: 403`. */
function openingError(event: unknown, refusal: { readonly action: string; readonly context: string }): UserError {
  const message =
    typeof event === 'object' && event !== null && 'message' in event ? String(event.message) : String(event);
  const statusCode = Number(/server response: (\d+)/.exec(message)?.[1]);
  if (Number.isNaN(statusCode)) return unreachableError(refusal.context, new Error(message));
  if (statusCode === 403) {
    return new UserError(
      'DBA1102',
      `no right to ${refusal.action}: the caller cannot create pods/portforward there`,
      'Ask an administrator of the cluster; `kubectl auth can-i create pods/portforward` tests it.',
    );
  }
  return refusalError({ statusCode, body: '', ...refusal });
}
