import type { Protocol } from '../protocol.ts';
import { Conversation } from './conversation.ts';
import { recognizeClient, recognizeServer } from './recognize.ts';

/** MySQL and MariaDB, and what speaks like them (Percona Server, TiDB, proxies). */
export const mysql: Protocol = {
  name: 'mysql',
  ports: [3306],
  recognize: (side, opening, start, end) =>
    side === 'server' ? recognizeServer(opening, start, end) : recognizeClient(opening, start, end),
  decode: (context) => new Conversation(context),
};
