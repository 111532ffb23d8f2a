import { pino } from 'pino';
import { VERSION } from '../contract/version.ts';
import { openSinks } from '../delivery/sinks/index.ts';
import { agentMetrics } from './agent-metrics.ts';
import { type Agent, assembleAgent } from './assemble.ts';
import { openSource } from './capture/index.ts';
import type { PacketSource } from './capture/packet-source.ts';
import type { AgentConfig } from './config.ts';
import { interfaceName, newInstanceId, readOwnPod } from './surroundings.ts';

const TICK_MILLIS = 1_000;
const BYTES_PER_MEBIBYTE = 1_048_576;

/**
 * Captures until SIGTERM or SIGINT, then delivers what it has and ends within the deadline. Gives the exit code.
 * @throws UserError where capturing or listening is not possible
 */
export async function run(
  config: AgentConfig,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<number> {
  const { capture } = config;
  const log = pino({ level: config.log.level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, process.stderr);
  const ownPod = readOwnPod(environment);
  let capturing = false;
  const source = openSource({
    source: capture.source,
    device: capture.device,
    snaplenBytes: capture.snaplenBytes,
    ringBytes: capture.ringMebibytes * BYTES_PER_MEBIBYTE,
    ports: capture.allPorts ? [] : Object.values(capture.ports).flat(),
    onNotice: (message) => log.warn(message),
    onStarted: () => {
      capturing = true;
      emitOwn('dbaudit.agent.start', `dbaudit-agent ${VERSION}, ${source.name} on ${capture.device}`);
      log.info({ source: source.name, device: capture.device, ports: capture.ports }, 'capturing');
    },
  });
  const agent: Agent = assembleAgent(config, {
    source,
    encoder: {
      instanceId: newInstanceId(),
      captureMode: ownPod === undefined ? 'host' : 'sidecar',
      ownPod,
      interfaceName,
    },
    delivery: {
      sinks: await openSinks(config.sinks),
      whenFull: 'drop',
      onDropped: (count) => {
        const detail = 'no sink took events fast enough';
        agent.pipeline.emitOwn({ kind: 'capture-gap', at: now(), reason: 'output-full', count, detail });
      },
      onFailed: (sink, error, count) => {
        log.error({ sink: sink.name, events: count }, `sink refused events: ${error.message}`);
      },
    },
  });
  const now = () => agent.timeline.atMillis(Date.now());
  const emitOwn = (action: 'dbaudit.agent.start' | 'dbaudit.agent.stop', detail: string) =>
    agent.pipeline.emitOwn({ kind: 'agent', at: now(), action, detail });

  const closeHttp = await listen(
    config,
    agent,
    source,
    () => capturing,
    (address) => log.info({ address }, 'metrics and health'),
  );
  const clock = setInterval(() => agent.pipeline.tick(now()), TICK_MILLIS);
  const stop = new AbortController();
  const onSignal = (signal: NodeJS.Signals) => {
    log.info({ signal }, 'stopping');
    emitOwn('dbaudit.agent.stop', signal);
    stop.abort();
    setTimeout(() => {
      log.error(
        { waitingBytes: agent.output.delivery.waitingBytes },
        'the deadline passed before everything was delivered',
      );
      process.exit(1);
    }, config.shutdown.deadlineSeconds * 1000).unref();
  };
  process.once('SIGTERM', onSignal);
  process.once('SIGINT', onSignal);
  try {
    await agent.pipeline.run(stop.signal, now);
    log.info({ ...source.counters(), events: agent.output.counts.events }, 'stopped');
    return 0;
  } finally {
    clearInterval(clock);
    await closeHttp();
  }
}

/** Metrics and health, where they are wanted; gives what closes them. */
async function listen(
  { http }: AgentConfig,
  agent: Agent,
  source: PacketSource,
  ready: () => boolean,
  onListening: (address: string) => void,
): Promise<() => Promise<void>> {
  if (!http.enabled) return () => Promise.resolve();
  const { startHttpServer } = await import('./http-server.ts');
  const metrics = agentMetrics(agent, source);
  const server = await startHttpServer({ address: http.address, port: http.port, metrics, ready });
  onListening(server.address);
  return () => server.close();
}
