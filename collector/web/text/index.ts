import { language } from '../settings/language.ts';
import { events as enEvents } from './en/events.ts';
import { frame as enFrame } from './en/frame.ts';
import { work as enWork } from './en/work.ts';
import { events as zhEvents } from './zh/events.ts';
import { frame as zhFrame } from './zh/frame.ts';
import { work as zhWork } from './zh/work.ts';

const EN = { ...enFrame, ...enEvents, ...enWork };

/** Every text of the page; a language that lacks one does not compile. */
export type Texts = typeof EN;

const DICTIONARIES: Readonly<Record<'en' | 'zh', Texts>> = { en: EN, zh: { ...zhFrame, ...zhEvents, ...zhWork } };

/** The texts in the reader's language; views that call it are drawn anew when the language changes. */
export function t(): Texts {
  return DICTIONARIES[language.value];
}
