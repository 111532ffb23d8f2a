import { Command, InvalidArgumentError, Option } from 'commander';
import type { CommandContext } from '../context.ts';

const HIGHEST_PORT = 65_535;

interface Options {
  readonly port: number;
  readonly open: boolean;
}

/** `kubectl dbaudit ui`: the collector's page, for one browser. */
export function buildUi(context: CommandContext): Command {
  return new Command('ui')
    .description(
      'Open the collector’s page: it is served on 127.0.0.1 with your credentials, to the one browser that opens the printed address, until Ctrl-C.',
    )
    .addOption(new Option('--port <port>', 'of 127.0.0.1; 0: a free one').argParser(parsePort).default(0))
    .option('--open', 'start a browser (the default)', true)
    .option('--no-open', 'print the address alone')
    .action(async (options: Options) => {
      // Loaded here, so that completion need not wait for it.
      const { ui } = await import('../collector-client/ui/ui.ts');
      await ui(options, context);
    });
}

function parsePort(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > HIGHEST_PORT) throw new InvalidArgumentError('A port from 0 to 65535 is expected.');
  return port;
}
