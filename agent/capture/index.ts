import { AfPacketSource, loadAfPacketAddon } from './afpacket.ts';
import { CapSource, loadCapModule } from './cap.ts';
import type { LiveCapture } from './live-source.ts';
import type { PacketSource } from './packet-source.ts';
import { TcpdumpSource } from './tcpdump.ts';

export interface SourceOptions extends LiveCapture {
  readonly source: 'auto' | 'afpacket' | 'tcpdump' | 'cap';
  /** Told what the choice of source costs, in a sentence. */
  readonly onNotice: (message: string) => void;
}

/**
 * The live source that the options ask for; it captures from the moment it is run. `auto` is afpacket, and tcpdump
 * where the addon does not load. Throws UserError DBA1006 where the source asked for cannot be used here.
 */
export function openSource(options: SourceOptions, loadAddon = loadAfPacketAddon): PacketSource {
  switch (options.source) {
    case 'afpacket':
      return new AfPacketSource(loadAddon(), options);
    case 'tcpdump':
      return new TcpdumpSource(options);
    case 'cap':
      options.onNotice(
        'the source cap cannot count the packets that the kernel drops, and cuts packets at 65535 bytes',
      );
      return new CapSource(loadCapModule(), options);
    case 'auto':
      return firstThatLoads(options, loadAddon);
  }
}

function firstThatLoads(options: SourceOptions, loadAddon: typeof loadAfPacketAddon): PacketSource {
  try {
    return new AfPacketSource(loadAddon(), options);
  } catch (error) {
    options.onNotice(`${(error as Error).message}; capturing through tcpdump instead`);
    return new TcpdumpSource(options);
  }
}
