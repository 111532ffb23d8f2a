import { execFileSync, spawnSync } from 'node:child_process';

const TABLE = 'dbaudit-cut';

/** Why a network of one's own cannot be made here; undefined where it can. */
export function whyNoOwnNetwork(): string | undefined {
  const tried = spawnSync('unshare', ['--net', 'nft', 'list', 'ruleset'], { encoding: 'utf8' });
  if (tried.status === 0) return undefined;
  return `needs root and nftables: ${tried.error?.message ?? tried.stderr.trim()}`;
}

/**
 * Drops every packet to and from a TCP port of this network namespace's loopback, as a cable does that was pulled: nobody
 * is told. Only for a namespace of one's own.
 */
export class NetworkCut {
  readonly #port: number;

  constructor(port: number) {
    this.#port = port;
  }

  begin(): void {
    const chain = 'type filter hook input priority 0; policy accept;';
    const rules = [
      `add table inet ${TABLE}`,
      `add chain inet ${TABLE} input { ${chain} }`,
      `add rule inet ${TABLE} input tcp dport ${this.#port} counter drop`,
      `add rule inet ${TABLE} input tcp sport ${this.#port} counter drop`,
    ];
    execFileSync('nft', ['-f', '-'], { input: rules.join('\n') });
  }

  /** Packets pass again; gives how many were dropped. */
  end(): number {
    const listed = execFileSync('nft', ['list', 'table', 'inet', TABLE], { encoding: 'utf8' });
    execFileSync('nft', ['delete', 'table', 'inet', TABLE]);
    return [...listed.matchAll(/counter packets (\d+)/g)].reduce((sum, [, packets]) => sum + Number(packets), 0);
  }
}
