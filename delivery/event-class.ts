/**
 * What an event is to a full queue: events are dropped by class. `gap` is what the agent says of itself: losses, its start
 * and its stop; it is never dropped for want of room.
 */
export const EVENT_CLASSES = ['read', 'misc', 'write', 'login', 'ddl', 'error', 'gap'] as const;

export type EventClass = (typeof EVENT_CLASSES)[number];

/** The classes that may be dropped, in the default order: the oldest of the first go first. */
export const DROP_ORDER = ['read', 'misc', 'write', 'login', 'ddl', 'error'] as const satisfies readonly EventClass[];

export type DroppableClass = (typeof DROP_ORDER)[number];

/** The number of a class, as batches and the spool keep it. A number never changes its meaning: spools outlive programs. */
export function classNumber(name: EventClass): number {
  return EVENT_CLASSES.indexOf(name);
}
