import { readFileSync } from 'node:fs';
import { pino } from 'pino';
import { VERSION } from '../contract/version.ts';
import { openSinks } from '../delivery/sinks/index.ts';
import { agentMetrics } from './agent-metrics.ts';
import { type Agent, assembleAgent } from './assemble.ts';
import { openSource } from './capture/index.ts';
import type { PacketSource } from './capture/packet-source.ts';
import type { AgentConfig } from './config.ts';

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
  const log = pino({ level: config.log.level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, process.stderr);
  const stop = new AbortController();
  const pod = ownPod(environment);
  const source = openSource({
    source: config.capture.source,
    device: config.capture.device,
    snaplenBytes: config.capture.snaplenBytes,
    ringBytes: config.capture.ringMebibytes * BYTES_PER_MEBIBYTE,
    ports: config.capture.allPorts ? [] : Object.values(config.capture.ports).flat(),
    onNotice: (message) => log.warn(message),
  });
  const agent: Agent = assembleAgent(config, {
    source,
    encoder: {
      instanceId: instanceId(),
      captureMode: pod === undefined ? 'host' : 'sidecar',
      ownPod: pod,
      interfaceName,
    },
    delivery: {
      sinks: await openSinks(config.sinks),
      whenFull: 'drop',
      onDropped: (count) =>
        agent.pipeline.emitOwn({
          kind: 'capture-gap',
          at: now(),
          reason: 'output-full',
          count,
          detail: 'no sink took events fast enough',
        }),
      onFailed: (sink, error, count) =>
        log.error({ sink: sink.name, events: count }, `sink refused events: ${error.message}`),
    },
  });
  const now = () => agent.timeline.atMillis(Date.now());
  const state = { capturing: false };
  const http = config.http.enabled ? await listen(config, agent, source, state) : undefined;
  if (http !== undefined) log.info({ address: http.address }, 'metrics and health');
  const clock = setInterval(() => agent.pipeline.tick(now()), TICK_MILLIS);

  const end = (signal: NodeJS.Signals) => {
    log.info({ signal }, 'stopping');
    agent.pipeline.emitOwn({ kind: 'agent', at: now(), action: 'dbaudit.agent.stop', detail: signal });
    stop.abort();
    setTimeout(() => {
      log.error({ waitingBytes: agent.delivery.waitingBytes }, 'the deadline passed before everything was delivered');
      process.exit(1);
    }, config.shutdown.deadlineSeconds * 1000).unref();
  };
  process.once('SIGTERM', end);
  process.once('SIGINT', end);
  try {
    state.capturing = true;
    const detail = `dbaudit-agent ${VERSION}, ${source.name} on ${config.capture.device}`;
    agent.pipeline.emitOwn({ kind: 'agent', at: now(), action: 'dbaudit.agent.start', detail });
    log.info({ source: source.name, device: config.capture.device, ports: config.capture.ports }, 'capturing');
    await agent.pipeline.run(stop.signal, now);
    log.info({ ...source.counters(), events: agent.output.counts.events }, 'stopped');
    return 0;
  } finally {
    clearInterval(clock);
    await http?.close();
  }
}

async function listen(config: AgentConfig, agent: Agent, source: PacketSource, state: { readonly capturing: boolean }) {
  const { startHttpServer } = await import('./http-server.ts');
  return startHttpServer({
    address: config.http.address,
    port: config.http.port,
    metrics: agentMetrics(agent, source),
    ready: () => state.capturing,
  });
}

/** Tells this run of an agent from every other: time and process id, in letters that sort by time. */
function instanceId(): string {
  return `${Date.now().toString(36)}-${process.pid.toString(36)}`;
}

/** Set through the downward API in a pod. */
function ownPod(environment: Readonly<Record<string, string | undefined>>) {
  const { DBAUDIT_POD_NAMESPACE: namespace, DBAUDIT_POD_NAME: pod, DBAUDIT_NODE_NAME: node } = environment;
  return namespace === undefined || pod === undefined ? undefined : { namespace, pod, node };
}

const interfaceNames = new Map<number, string | undefined>();

function interfaceName(index: number): string | undefined {
  if (!interfaceNames.has(index)) interfaceNames.set(index, readInterfaceName(index));
  return interfaceNames.get(index);
}

/** The kernel lists interfaces by name; each folder holds its index. */
function readInterfaceName(index: number): string | undefined {
  try {
    return readFileSync('/proc/net/dev', 'latin1')
      .split('\n')
      .map((line) => line.split(':')[0]?.trim() ?? '')
      .find(
        (name) =>
          name !== '' &&
          !name.includes('|') &&
          Number(readFileSync(`/sys/class/net/${name}/ifindex`, 'latin1')) === index,
      );
  } catch {
    return undefined;
  }
}
