import type { Protocol } from './protocol.ts';

/** To add a database: write its folder, then name it here. */
export const protocols: readonly Protocol[] = [];
