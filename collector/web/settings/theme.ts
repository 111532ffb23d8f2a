import { effect } from '@preact/signals';
import { kept } from './kept.ts';

export const THEMES = ['system', 'light', 'dark'] as const;

export const theme = kept('theme', THEMES, 'system');

effect(() => {
  if (theme.value === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme.value;
});
