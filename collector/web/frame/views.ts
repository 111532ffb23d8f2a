import type { IconName } from '../parts/icon.tsx';
import type { Texts } from '../text/index.ts';

/** The views that the navigation leads to: `key` follows `g` on the keyboard. */
interface ViewEntry {
  readonly name: keyof Texts['nav'] & IconName;
  readonly path: string;
  readonly key: string;
  /** Whether what it shows is of the chosen time. */
  readonly ranged: boolean;
}

interface ViewGroup {
  readonly name: 'investigate' | 'respond' | 'trust';
  readonly views: readonly ViewEntry[];
}

export const VIEW_GROUPS: readonly ViewGroup[] = [
  {
    name: 'investigate',
    views: [
      { name: 'overview', path: '/', key: 'o', ranged: true },
      { name: 'search', path: '/search', key: 's', ranged: true },
      { name: 'tail', path: '/tail', key: 't', ranged: false },
      { name: 'map', path: '/map', key: 'm', ranged: true },
      { name: 'sql', path: '/sql', key: 'q', ranged: false },
    ],
  },
  {
    name: 'respond',
    views: [
      { name: 'alerts', path: '/alerts', key: 'a', ranged: false },
      { name: 'rules', path: '/rules', key: 'r', ranged: true },
      { name: 'reports', path: '/reports', key: 'p', ranged: true },
    ],
  },
  {
    name: 'trust',
    views: [
      { name: 'integrity', path: '/integrity', key: 'i', ranged: true },
      { name: 'status', path: '/status', key: 'u', ranged: false },
    ],
  },
];

export const VIEWS = VIEW_GROUPS.flatMap(({ views }) => views);
