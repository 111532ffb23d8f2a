import { configureGlobal } from 'fast-check';

/**
 * Every run makes the same inputs, so that a build server's result depends on the code alone. `DBAUDIT_SEED=$RANDOM make
 * test SUITE=property` makes others; what it finds becomes a test. A failure prints its seed.
 */
export const SEED = Number(process.env.DBAUDIT_SEED ?? 20_261_121);

configureGlobal({ seed: SEED });
