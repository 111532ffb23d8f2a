import type { Protocol } from '../protocol.ts';
import { Conversation } from './conversation.ts';
import { recognize } from './recognize.ts';

/** Redis and what speaks its protocol, Valkey above all. */
export const redis: Protocol = {
  name: 'redis',
  ports: [6379],
  recognize,
  decode: (context) => new Conversation(context),
};
