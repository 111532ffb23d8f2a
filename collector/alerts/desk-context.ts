import type { IdSource } from './alert-id.ts';
import type { AlertSettings } from './settings.ts';

/** What the desk's steps go by. */
export interface DeskContext {
  readonly settings: AlertSettings;
  readonly ids: IdSource;
  /** Alerts of single groups that a rule raised since then, on disk. */
  readonly raisedSince: (rule: string, since: number) => number;
}
