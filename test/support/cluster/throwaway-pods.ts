import { Agent, request } from 'node:https';
import { KubeConfig } from '@kubernetes/client-node';
import * as z from 'zod';
import { CAPTURE_LABEL, INJECTED_LABEL } from '../../../contract/labels.ts';
import { IMAGES } from './suite-images.ts';
import type { TestCluster } from './test-cluster.ts';

const CONNECTIONS = 20;
const answerSchema = z.looseObject({
  message: z.string().optional(),
  metadata: z.looseObject({ labels: z.record(z.string(), z.string()).default({}) }),
});

/** Creates pods by dry run, which pass admission as all do and are then thrown away; many a second, over kept connections. */
export class ThrowawayPods {
  readonly #kubeConfig = new KubeConfig();
  readonly #agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  readonly #path: string;

  constructor(cluster: TestCluster, namespace: string) {
    this.#kubeConfig.loadFromFile(cluster.kubeconfig);
    this.#path = `/api/v1/namespaces/${namespace}/pods?dryRun=All`;
  }

  /** Whether the pod came back with an agent. Rejects where it was not admitted. */
  async create(): Promise<boolean> {
    const options = { method: 'POST', headers: { 'content-type': 'application/json' } };
    await this.#kubeConfig.applyToHTTPSOptions(options);
    const address = `${this.#kubeConfig.getCurrentCluster()?.server}${this.#path}`;
    return await new Promise((resolve, reject) => {
      const sent = request(address, { ...options, agent: this.#agent }, (answer) => {
        let body = '';
        answer.setEncoding('utf8').on('data', (text: string) => {
          body += text;
        });
        answer.on('end', () => {
          const { metadata, message } = answerSchema.parse(JSON.parse(body));
          if (answer.statusCode === 201) resolve(metadata.labels[INJECTED_LABEL] === 'true');
          else reject(new Error(`${answer.statusCode}: ${message}`));
        });
      });
      sent.on('error', reject);
      sent.end(
        JSON.stringify({
          apiVersion: 'v1',
          kind: 'Pod',
          metadata: { generateName: 'throwaway-', labels: { [CAPTURE_LABEL]: 'enabled' } },
          spec: { containers: [{ name: 'main', image: IMAGES.databases }] },
        }),
      );
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}
