import { effect } from '@preact/signals';
import { kept } from './kept.ts';

export const LANGUAGES = ['en', 'zh'] as const;

/** The browser's own language, until the reader chooses. */
export const language = kept('language', LANGUAGES, navigator.language.toLowerCase().startsWith('zh') ? 'zh' : 'en');

effect(() => {
  document.documentElement.lang = language.value === 'zh' ? 'zh-CN' : 'en';
});
