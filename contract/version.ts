/** The version of every part; the one in package.json is kept equal by a test. */
export const VERSION = '0.1.0';
