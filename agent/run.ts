import { hostname } from 'node:os';
import { type Logger, pino } from 'pino';
import { UserError } from '../contract/user-error.ts';
import { VERSION } from '../contract/version.ts';
import { openDeliveries } from '../delivery/open-deliveries.ts';
import type { SinkProblem } from '../delivery/sink-status.ts';
import { describeSink, openSinks } from '../delivery/sinks/index.ts';
import type { Sink, SinkContext } from '../delivery/sinks/sink.ts';
import { agentMetrics } from './agent-metrics.ts';
import { type Agent, assembleAgent } from './assemble.ts';
import { openSource } from './capture/index.ts';
import type { PacketSource } from './capture/packet-source.ts';
import { PatientSource } from './capture/patient-source.ts';
import { CaptureStatus } from './capture-status.ts';
import { type AgentConfig, readConfig } from './config.ts';
import { FileInputs } from './file-input/file-inputs.ts';
import { type Environment, interfaceName, newInstanceId, readOwnPod } from './surroundings.ts';

const TICK_MILLIS = 1_000;
const BYTES_PER_MEBIBYTE = 1_048_576;
/** A mounted ConfigMap follows its object within a minute or so. */
const RECHECK_MILLIS = 10_000;
/** Of the deadline, kept for closing what is open once no more is sent. */
const CLOSING_MARGIN_MILLIS = 1_000;

/**
 * Captures until `stop` aborts (its reason is the signal's name), then delivers what it has and ends within the deadline. Gives the exit code.
 * In a pod it stays up whatever happens: where it cannot capture it says so in the stream of events and tries again.
 * @throws UserError where capturing or listening is not possible, outside a pod
 */
export async function run(
  load: () => Promise<AgentConfig>,
  environment: Environment,
  stop: AbortSignal,
): Promise<number> {
  const restart = new AbortController();
  const ownPod = readOwnPod(environment);
  const log = pino({ base: null, timestamp: pino.stdTimeFunctions.isoTime }, process.stderr);
  const context = { instanceId: newInstanceId(), onNotice: (message: string) => log.warn(message) };
  const { config, sinks, problem } = await preparePatiently(load, context, ownPod !== undefined);
  log.level = config.log.level;
  const status = new CaptureStatus(config.sinks.map((settings) => describeSink(settings, config.format)));
  const source = openPatiently(config, ownPod !== undefined, {
    open: (onStarted) => {
      if (problem !== undefined) throw problem;
      return openConfigured(config, onStarted, (message) => log.warn(message));
    },
    onStarted: (name) => {
      status.capturing();
      emitOwn('dbaudit.agent.start', `dbaudit-agent ${VERSION}, ${name} on ${config.capture.device}`);
      log.info({ source: name, device: config.capture.device, ports: config.capture.ports }, 'capturing');
    },
    onBlind: ({ code, message, nextStep }) => {
      status.blind(`${code}: ${message}`);
      const detail = `${code}: ${message}`;
      agent.pipeline.emitOwn({ kind: 'capture-gap', at: now(), reason: 'blind', count: 0, detail });
      log.error({ code, next: nextStep }, `cannot capture: ${message}`);
    },
  });
  const deliveries = await openDeliveries(config, sinks, {
    onNotice: context.onNotice,
    onLoss: (sink, { reason, count, detail }) => {
      log.warn({ sink, reason, events: count }, `events lost: ${detail}`);
      const told = `sink ${sink}: ${detail}`;
      agent.pipeline.emitOwn({ kind: 'capture-gap', at: now(), reason, count, sink, detail: told });
    },
    onProblem: (sink, problem) => logProblem(log, sink, problem),
    onFailed: (sink, error) => log.error({ sink }, `nothing can be written any more: ${error.message}`),
  });
  const agent: Agent = assembleAgent(config, {
    source,
    encoder: {
      instanceId: context.instanceId,
      captureMode: ownPod === undefined ? 'host' : 'sidecar',
      ownPod,
      interfaceName,
    },
    deliveries,
    closingMillis: Math.max(config.shutdown.deadlineSeconds * 1000 - CLOSING_MARGIN_MILLIS, CLOSING_MARGIN_MILLIS),
  });
  const now = () => agent.timeline.atMillis(Date.now());
  const emitOwn = (action: 'dbaudit.agent.start' | 'dbaudit.agent.stop', detail: string) =>
    agent.pipeline.emitOwn({ kind: 'agent', at: now(), action, detail });

  // Times count from the first that is told: a log may begin with one long ago.
  now();
  const inputsEnd = new AbortController();
  const inputs = new FileInputs({
    inputs: config.inputs,
    directory: config.delivery.spool?.directory ?? '',
    host: ownPod?.node ?? hostname(),
    timeline: agent.timeline,
    output: agent.output,
    emit: (access) => agent.pipeline.emitOwn(access),
    onNotice: context.onNotice,
  });
  const closeHttp = await listen(config, { agent, inputs }, source, status, log).catch((error: unknown) => {
    // An application of the pod may have the port: that is no reason to see nothing.
    if (ownPod === undefined || !(error instanceof UserError)) throw error;
    log.warn({ code: error.code }, error.message);
    return () => Promise.resolve();
  });
  const clock = setInterval(() => agent.pipeline.tick(now()), TICK_MILLIS);
  const recheck =
    problem &&
    setInterval(() => void canPrepare(load, context).then((ready) => ready && restart.abort()), RECHECK_MILLIS);
  const onStop = () => {
    log.info({ signal: stop.reason }, 'stopping');
    emitOwn('dbaudit.agent.stop', String(stop.reason));
    setTimeout(() => {
      log.error(
        { waitingEvents: agent.output.statuses.map(({ name, waitingEvents }) => [name, waitingEvents]) },
        'the deadline passed before everything was delivered',
      );
      process.exit(1);
    }, config.shutdown.deadlineSeconds * 1000).unref();
  };
  if (stop.aborted) onStop();
  else stop.addEventListener('abort', onStop, { once: true });
  try {
    const ended = AbortSignal.any([stop, restart.signal, inputsEnd.signal]);
    const delivered = agent.pipeline.run(AbortSignal.any([stop, restart.signal]), now);
    inputs.start(ended);
    const lost = await delivered;
    inputsEnd.abort();
    await inputs.finish(lost.length === 0);
    for (const { sink, events } of lost) {
      log.error(
        { sink, events },
        'events are lost: their sink did not take them before the deadline, and has no spool',
      );
    }
    log.info({ ...source.counters(), events: agent.output.counts.events }, 'stopped');
    return 0;
  } finally {
    inputsEnd.abort();
    clearInterval(clock);
    clearInterval(recheck);
    await closeHttp();
  }
}

interface Prepared {
  readonly config: AgentConfig;
  readonly sinks: readonly Sink[];
}

async function prepare(load: () => Promise<AgentConfig>, context: SinkContext): Promise<Prepared> {
  const config = await load();
  return { config, sinks: await openSinks(config.sinks, context) };
}

/**
 * The configuration and its sinks, or, in a pod where they are not to be had, the defaults together with what is wrong:
 * the agent then stays up and blind until that is mended, and ends, to be started anew.
 */
async function preparePatiently(
  load: () => Promise<AgentConfig>,
  context: SinkContext,
  inPod: boolean,
): Promise<Prepared & { readonly problem?: UserError }> {
  try {
    return await prepare(load, context);
  } catch (error) {
    if (!inPod || !(error instanceof UserError)) throw error;
    return { ...(await prepare(async () => readConfig({}, {}), context)), problem: error };
  }
}

/** Whether a start would go well now. */
async function canPrepare(load: () => Promise<AgentConfig>, context: SinkContext): Promise<boolean> {
  try {
    const { sinks } = await prepare(load, context);
    await Promise.all(sinks.map((sink) => sink.close()));
    return true;
  } catch {
    return false;
  }
}

function logProblem(log: Logger, sink: string, problem: SinkProblem | undefined): void {
  if (problem === undefined) log.info({ sink }, 'the receiver takes events again');
  else log.error({ sink, code: problem.code, kind: problem.kind }, problem.message);
}

/** The source that the configuration asks for; where it says so, one that waits instead of failing. */
function openPatiently(config: AgentConfig, inPod: boolean, { open, onStarted, onBlind }: SourceWatch): PacketSource {
  const { whenUnavailable } = config.capture;
  const opened = () => {
    const source: PacketSource = open(() => onStarted(source.name));
    return source;
  };
  const waits = whenUnavailable === 'wait' || (whenUnavailable === 'auto' && inPod);
  return waits ? new PatientSource({ open: opened, onBlind }) : opened();
}

interface SourceWatch {
  /** May throw UserError. */
  open(onStarted: () => void): PacketSource;
  onStarted(source: string): void;
  onBlind(error: UserError): void;
}

function openConfigured(
  { capture }: AgentConfig,
  onStarted: () => void,
  onNotice: (text: string) => void,
): PacketSource {
  return openSource({
    source: capture.source,
    device: capture.device,
    snaplenBytes: capture.snaplenBytes,
    ringBytes: capture.ringMebibytes * BYTES_PER_MEBIBYTE,
    ports: capture.allPorts ? [] : capture.protocols.flatMap((protocol) => capture.ports[protocol] ?? []),
    onNotice,
    onStarted,
  });
}

/** Metrics, status and health, where they are wanted; gives what closes them. */
async function listen(
  { http }: AgentConfig,
  { agent, inputs }: { readonly agent: Agent; readonly inputs: FileInputs },
  source: PacketSource,
  status: CaptureStatus,
  log: Logger,
): Promise<() => Promise<void>> {
  if (!http.enabled) return () => Promise.resolve();
  const { startHttpServer } = await import('./http-server.ts');
  const server = await startHttpServer({
    address: http.address,
    port: http.port,
    metrics: agentMetrics(agent, source, inputs.counts),
    ready: () => status.isCapturing && !agent.output.statuses.some(({ problem }) => problem?.kind === 'misconfigured'),
    status: () => status.describe(agent, source),
  });
  log.info({ address: server.address }, 'metrics and health');
  return () => server.close();
}
