import { writeFileSync } from 'node:fs';
import { type TemporaryDirectory, temporaryDirectory } from '../leftovers.ts';
import { freePort } from './free-port.ts';
import { ServerProcess } from './server-process.ts';

/** The least that it starts with: alerts are kept, and nobody is told. */
const CONFIGURATION = 'route: { receiver: none }\nreceivers: [{ name: none }]\n';

/** Prometheus' Alertmanager, as Debian has it (`prometheus-alertmanager`), on loopback. */
export class Alertmanager {
  readonly url: string;
  readonly #process: ServerProcess;
  readonly #directory: TemporaryDirectory;

  private constructor(url: string, process: ServerProcess, directory: TemporaryDirectory) {
    this.url = url;
    this.#process = process;
    this.#directory = directory;
  }

  static async start(): Promise<Alertmanager> {
    const directory = temporaryDirectory('alertmanager');
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    writeFileSync(`${directory.path}/config.yml`, CONFIGURATION);
    const process = await ServerProcess.start(
      {
        program: 'prometheus-alertmanager',
        arguments: [
          `--config.file=${directory.path}/config.yml`,
          `--storage.path=${directory.path}/data`,
          `--web.listen-address=127.0.0.1:${port}`,
          // No cluster: it would listen on all addresses.
          '--cluster.listen-address=',
        ],
        logFile: `${directory.path}/log`,
      },
      () =>
        fetch(`${url}/-/ready`).then(
          ({ ok }) => ok,
          () => false,
        ),
    );
    return new Alertmanager(url, process, directory);
  }

  async stop(): Promise<void> {
    await this.#process.stop();
    this.#directory.remove();
  }
}
