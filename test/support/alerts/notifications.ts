import { raise } from '../../../collector/alerts/alert-record.ts';
import type { Channel, ChannelContext, Notification } from '../../../collector/alerts/channels/channel.ts';
import { channelSchema, openChannel } from '../../../collector/alerts/channels/index.ts';
import { detection, TEST_START } from './detections.ts';

/** Of so many alerts, all firing. */
export function notification(alerts: number, changes: Partial<Notification> = {}): Notification {
  return {
    id: '01JDNOTIFICATION0000000001',
    at: TEST_START,
    kind: 'alerts',
    alerts: Array.from({ length: alerts }, (_, index) => raise(detection(), `01JDALERT${index}`, TEST_START)),
    people: [],
    merged: 1,
    ...changes,
  };
}

/** As the configuration would open it. The clock is the machine's own: services look at it. */
export function channelOf(settings: object, context: Partial<ChannelContext> = {}): Channel {
  return openChannel(channelSchema.parse(settings), { now: Date.now, onNotice: () => undefined, ...context });
}

/** What sending throws, or undefined. */
export async function problemOf(sending: Promise<unknown>): Promise<Error | undefined> {
  try {
    await sending;
    return undefined;
  } catch (error) {
    if (typeof error === 'object' && error instanceof Error) return error;
    throw error;
  }
}
