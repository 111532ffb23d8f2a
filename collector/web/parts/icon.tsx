import { useId } from 'preact/hooks';

/** Outlines on a grid of 16, drawn for this page. Always beside a text or with a label of its own. */
const PATHS = {
  overview: 'M2.5 13.5v-5M6.2 13.5v-9M9.8 13.5V7M13.5 13.5v-11',
  search: 'M7 12A5 5 0 1 0 7 2a5 5 0 0 0 0 10ZM10.7 10.7 14 14',
  tail: 'M2 8h3l2-5 3 10 2-5h2',
  map: 'M4 5.5a1.75 1.75 0 1 0 0-3.5 1.75 1.75 0 0 0 0 3.5ZM12 8.5A1.75 1.75 0 1 0 12 5a1.75 1.75 0 0 0 0 3.5ZM5 14a1.75 1.75 0 1 0 0-3.5A1.75 1.75 0 0 0 5 14ZM5.6 4.4l4.8 1.7M10.7 8l-4.4 3.2',
  sql: 'M13.5 4c0 1.1-2.5 2-5.5 2S2.5 5.1 2.5 4 5 2 8 2s5.5.9 5.5 2ZM2.5 4v8c0 1.1 2.5 2 5.5 2s5.5-.9 5.5-2V4M2.5 8c0 1.1 2.5 2 5.5 2s5.5-.9 5.5-2',
  alerts: 'M8 2 1.8 13.500h12.400L8 2ZM8 6.500v3.500M8 11.600v.3',
  rules: 'M3 3.500h10M3 8h10M3 12.500h6M11.5 11l1.2 1.200L15 10',
  reports: 'M4 1.800h5.500L13 5.300v8.900H4V1.800ZM9.3 2v3.500h3.500M6.3 8.500h4.400M6.3 11h4.4',
  integrity: 'M8 1.8 13 3.500v4c0 3.2-2 5.5-5 6.7-3-1.2-5-3.5-5-6.700v-4L8 1.800ZM5.8 7.900l1.6 1.6 3-3.2',
  status: 'M8 14.200A6.2 6.2 0 1 0 8 1.800a6.2 6.2 0 0 0 0 12.400ZM8 4.500V8l2.3 1.5',
  menu: 'M2 4h12M2 8h12M2 12h12',
  close: 'M3.5 3.500l9 9M12.5 3.500l-9 9',
  refresh: 'M13.5 8a5.5 5.5 0 1 1-1.6-3.900M13.5 1.800v2.700h-2.7',
  gap: 'M1.5 8h3M11.5 8h3M6 4.5 5 11.500M10 4.500l1 7',
  keyboard: 'M1.8 4h12.400v8H1.800V4ZM4 6.500h.5M6.7 6.500h.6M9.3 6.500h.6M11.7 6.500h.5M5 9.500h6',
  user: 'M8 8a2.8 2.8 0 1 0 0-5.600A2.8 2.8 0 0 0 8 8ZM2.8 14c.4-2.7 2.5-4.2 5.2-4.200s4.8 1.5 5.2 4.2',
  pause: 'M5.5 3v10M10.5 3v10',
  play: 'M4.5 2.8 12.5 8l-8 5.200V2.800Z',
  lock: 'M3.5 7h9v6.800h-9V7ZM5.5 7V4.800a2.5 2.5 0 0 1 5 0V7',
} as const;
export type IconName = keyof typeof PATHS;

export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 16 16" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}

/** The product's sign. */
export function Mark() {
  const id = useId();
  return (
    <svg class="mark" viewBox="0 0 32 32" role="img" aria-labelledby={id}>
      <title id={id}>dbaudit</title>
      <rect width="32" height="32" rx="6" />
      <ellipse cx="16" cy="9" rx="8" ry="3" />
      <path d="M8 9v14c0 1.7 3.6 3 8 3s8-1.3 8-3V9M8 16c0 1.7 3.6 3 8 3s8-1.3 8-3" />
    </svg>
  );
}
