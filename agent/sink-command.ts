import { UserError } from '../contract/user-error.ts';
import { classNumber } from '../delivery/event-class.ts';
import { type Canary, type SinkTestReport, testSink } from '../delivery/sink-test.ts';
import { describeSink, sinkFormat, sinkName } from '../delivery/sinks/index.ts';
import type { AgentConfig } from './config.ts';
import { createEncoder } from './encode/index.ts';
import { JsonWriter } from './encode/json-writer.ts';
import { newInstanceId, readOwnPod } from './surroundings.ts';
import { Timeline } from './timeline.ts';

/** `dbaudit-agent sink list`: a line for each sink, or JSON. */
export function listSinks(config: AgentConfig, asJson: boolean): string {
  const sinks = config.sinks.map((settings) => describeSink(settings, config.format));
  if (asJson) return `${JSON.stringify(sinks)}\n`;
  return sinks.map(({ name, type, place, format }) => `${name}\t${type}\t${place}\t${format}\n`).join('');
}

/**
 * `dbaudit-agent sink test NAME`.
 * @throws UserError DBA1004 where there is no sink of that name
 */
export async function runSinkTest(config: AgentConfig, name: string): Promise<SinkTestReport> {
  const settings = config.sinks.find((candidate) => sinkName(candidate) === name);
  if (settings === undefined) {
    const names = config.sinks.map(sinkName).join(', ');
    throw new UserError('DBA1004', `there is no sink ${name}`, `the configuration has ${names}`);
  }
  const instanceId = newInstanceId();
  const notices: string[] = [];
  const report = await testSink(settings, canary(config, sinkFormat(settings, config.format), instanceId), {
    instanceId,
    onNotice: (message) => notices.push(message),
  });
  for (const notice of notices) process.stderr.write(`${notice}\n`);
  return report;
}

function canary(config: AgentConfig, format: AgentConfig['format'], instanceId: string): Canary {
  const timeline = new Timeline();
  const writer = new JsonWriter(1024);
  const encoder = createEncoder(format, {
    timeline,
    instanceId,
    captureMode: 'host',
    redaction: config.redact,
    ownPod: readOwnPod(process.env),
  });
  const at = timeline.atMillis(Date.now());
  const activity = { kind: 'agent', at, action: 'dbaudit.sink.test', detail: 'a person tests this sink' } as const;
  encoder.encode({ activity, session: undefined, analysis: undefined }, { sequence: 0, index: 0 }, writer);
  const bytes = Buffer.from(writer.bytes.subarray(0, writer.length));
  return {
    eventId: `${instanceId}-0`,
    batch: { bytes, ends: Uint32Array.of(bytes.length), classes: Uint8Array.of(classNumber('gap')) },
  };
}

/** For a person: a line for each step, then whether it went well. */
export function describeSinkTest({ sink, place, steps, ok }: SinkTestReport): string {
  const lines = steps.map(({ name, outcome, millis, code, message, nextStep }) => {
    const words = message === undefined ? '' : `: ${code === undefined ? '' : `${code} `}${message}`;
    return `  ${name} ${outcome} ${millis} ms${words}${nextStep === undefined ? '' : `\n    next: ${nextStep}`}`;
  });
  return `${sink} -> ${place}\n${lines.join('\n')}\n${ok ? 'ok' : 'failed'}\n`;
}
