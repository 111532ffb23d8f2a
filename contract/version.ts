/** The version of every part; the one in package.json is kept equal by a test. */
export const VERSION = '0.1.0';
/** Of ECS, whose names events have: `ecs.version`. */
export const ECS_VERSION = '9.4.0';
