import { cheapestOf, costOf, micros } from './measure.ts';
import { RECORDINGS, recorded } from './recordings.ts';

/** tshark takes 20 to 40 µs a packet: this many are enough for a ratio. */
const TSHARK_PACKETS = 100_000;
const RUNS = 3;

/** A recorded file to NDJSON with full events, against tshark and tcpdump on the same packets in the same run. */
export async function benchFile(names: readonly string[]): Promise<void> {
  process.stdout.write('file -> NDJSON, user CPU of the whole process, start included\n');
  for (const recording of RECORDINGS.filter(({ name }) => names.length === 0 || names.includes(name))) {
    const { file, port } = await recorded(recording);
    const ports = `DBAUDIT_CAPTURE_PORTS_${recording.protocol.toUpperCase()}=${port}`;
    const agent = cheapestOf(RUNS, `${ports} bin/dbaudit-agent replay ${file} > /dev/null`);
    const [packets, events] = [...agent.output.matchAll(/(\d[\d,]*) (?:packets|events)/g)].map(([, figure]) =>
      Number(figure?.replaceAll(',', '')),
    );
    if (packets === undefined || events === undefined) throw new Error(`no summary: ${agent.output}`);
    const fields = recording.tsharkFields.map((field) => `-e ${field}`).join(' ');
    const decodeAs = recording.protocol === 'postgresql' ? 'pgsql' : recording.protocol === 'redis' ? 'resp' : 'mysql';
    const tshark = costOf(
      `tshark -n -r ${file} -c ${TSHARK_PACKETS} -d tcp.port==${port},${decodeAs} -T fields -e frame.time_epoch -e ip.src -e tcp.srcport -e ip.dst -e tcp.dstport ${fields} > /dev/null`,
    );
    const tcpdump = costOf(`tcpdump -n -r ${file} -w /dev/null`);
    const cpu = (cost: { userSeconds: number; systemSeconds: number }) => cost.userSeconds + cost.systemSeconds;
    const ratio = cpu(tshark) / Math.min(TSHARK_PACKETS, packets) / (cpu(agent) / packets);
    process.stdout.write(
      `${recording.name.padEnd(20)} ${packets} packets, ${events} events: ${micros(agent.userSeconds, packets)} user + ${micros(agent.systemSeconds, packets)} system a packet, ` +
        `${Math.round(events / agent.wallSeconds)} events/s, ${agent.maxRssMebibytes.toFixed(0)} MiB; ` +
        `tshark ${micros(cpu(tshark), Math.min(TSHARK_PACKETS, packets))} a packet, ${tshark.maxRssMebibytes.toFixed(0)} MiB: ${ratio.toFixed(1)} times ours; ` +
        `tcpdump (copying, decoding nothing) ${micros(cpu(tcpdump), packets)}\n`,
    );
  }
}
