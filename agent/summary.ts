import type { Agent } from './assemble.ts';
import type { CaptureCounters } from './capture/packet-source.ts';

/** What a capture held, in a few lines for people. What could not be seen is said as plainly as what was. */
export function summarize({ output, sessions, excluded }: Agent, packets: CaptureCounters, seconds: number): string {
  const { counts } = output;
  const recognized = [...sessions.recognized].filter(([, count]) => count > 0);
  const lines = [
    `${number(packets.received)} packets, ${number(counts.events)} events in ${seconds.toFixed(2)} s`,
    ...recognized.map(
      ([name, count]) =>
        `${name}: ${plural(count, 'session')}, ${plural(counts.statements.get(name) ?? 0, 'statement')}`,
    ),
    `${plural(counts.statementsFailed, 'statement')} failed, ${number(counts.statementsUnseen)} without an answer; ` +
      `${plural(counts.logins, 'login')}, ${number(counts.loginsFailed)} failed`,
  ];
  const notSeen = [
    ...(counts.gapBytes > 0 ? [`${number(counts.gapBytes)} bytes lost in captured connections`] : []),
    ...[...counts.blindSessions].map(([reason, count]) => `${plural(count, 'session')} ${reason}`),
    ...[...counts.captureGaps].map(([reason, count]) => `${reason} ${number(count)}`),
    ...(excluded.events > 0 ? [`${plural(excluded.events, 'event')} left out on purpose`] : []),
  ];
  return [...lines, `not seen: ${notSeen.length === 0 ? 'nothing that could be told' : notSeen.join('; ')}`].join('\n');
}

function plural(count: number, noun: string): string {
  return `${number(count)} ${noun}${count === 1 ? '' : 's'}`;
}

function number(value: number): string {
  return value.toLocaleString('en-US');
}
