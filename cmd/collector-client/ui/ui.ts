import { once } from 'node:events';
import { whoamiSchema } from '../../../contract/collector-api.ts';
import { UserError } from '../../../contract/user-error.ts';
import type { CommandContext } from '../../context.ts';
import { withCollector } from '../with-collector.ts';
import { type LoopbackProxy, startLoopbackProxy } from './loopback-proxy.ts';
import { openBrowser } from './open-browser.ts';

export interface UiRequest {
  /** 0: a free one. */
  readonly port: number;
  readonly open: boolean;
}

/** Serves the collector's page here until the signal. */
export async function ui({ port, open }: UiRequest, context: CommandContext): Promise<void> {
  const { screen, signal, environment } = context;
  await withCollector(context, async (collector) => {
    // Whoever the collector does not know is told now, not by a page.
    const { name } = await collector.ask({ method: 'GET', path: '/whoami', signal }, whoamiSchema);
    const proxy = await listen(() => startLoopbackProxy(collector, port), port);
    const remove = open ? await openBrowser(proxy.address, environment) : undefined;
    try {
      screen.print(proxy.address);
      screen.say(
        `As ${name}, from ${collector.place}. The address works once, for one browser. Ctrl-C ends it${open && remove === undefined ? '; no browser could be started' : ''}.`,
      );
      if (!signal.aborted) await once(signal, 'abort');
    } finally {
      proxy.close();
      remove?.();
    }
  });
}

async function listen(start: () => Promise<LoopbackProxy>, port: number): Promise<LoopbackProxy> {
  try {
    return await start();
  } catch (error) {
    const reason = typeof error === 'object' && error !== null && 'message' in error ? String(error.message) : '';
    throw new UserError('DBA1005', `port ${port} of 127.0.0.1: ${reason}`, '--port 0 takes a free one.');
  }
}
