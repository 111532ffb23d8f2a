import { createServer } from 'node:http';
import { type Duplex, duplexPair } from 'node:stream';
import { UserError } from '../../contract/user-error.ts';
import { FakeCluster } from './fake-cluster.ts';

/** Pods whose agents answer `/status` with what is in `answers`, by the pod's name. */
export class AgentCluster extends FakeCluster {
  readonly answers = new Map<string, unknown>();
  asked = 0;
  mostAtOnce = 0;
  #open = 0;

  override async portForward(namespace: string, name: string, port: number): Promise<Duplex> {
    this.asked += 1;
    this.#open += 1;
    this.mostAtOnce = Math.max(this.mostAtOnce, this.#open);
    if (this.forbidden.has('create pods/portforward'))
      throw new UserError('DBA1102', 'no right to forward', 'Ask an administrator.');
    const answer = this.answers.get(name);
    if (answer === undefined || port !== 9465) return super.portForward(namespace, name, port);
    const [near, far] = duplexPair();
    near.on('close', () => {
      this.#open -= 1;
    });
    createServer((request, response) => response.end(request.url === '/status' ? JSON.stringify(answer) : '')).emit(
      'connection',
      far,
    );
    return near;
  }
}
