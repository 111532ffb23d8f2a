import type { Protocol } from '../protocol.ts';
import { PostgresConversation } from './conversation.ts';
import { recognize } from './recognition.ts';

/** PostgreSQL and servers that speak its protocol 3. https://www.postgresql.org/docs/current/protocol.html */
export const postgres: Protocol = {
  name: 'postgresql',
  ports: [5432],
  recognize,
  decode(context) {
    if (context.facts.system !== 'postgresql') context.facts.update({ system: 'postgresql' });
    return new PostgresConversation(context);
  },
};
