import type * as z from 'zod';
import type { silenceSchema } from '../../contract/collector-api.ts';

/** Alerts of these rules whose group has these values are not told until then. */
export type Silence = Readonly<z.infer<typeof silenceSchema>>;

/** Each is looked at for each alert; a team that has more has rules to correct instead. */
export const MAX_SILENCES = 1_000;
/** So long those that are over are shown. */
export const SILENCE_RETENTION_MILLIS = 5 * 86_400_000;

/** What was asked of the desk cannot be; the message is for whoever asked. */
export class DeskRefusal extends Error {
  override readonly name = 'DeskRefusal';
}
