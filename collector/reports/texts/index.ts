import type { Language } from '../document.ts';
import { compliance as enCompliance } from './en/compliance.ts';
import { frame as enFrame } from './en/frame.ts';
import { kinds as enKinds } from './en/kinds.ts';
import { compliance as zhCompliance } from './zh/compliance.ts';
import { frame as zhFrame } from './zh/frame.ts';
import { kinds as zhKinds } from './zh/kinds.ts';

const EN = { ...enFrame, ...enKinds, ...enCompliance };

/** Every text of the reports; a language that lacks one does not compile. */
export type ReportTexts = typeof EN;
export type KindName = keyof ReportTexts['kinds'];

const DICTIONARIES: Readonly<Record<Language, ReportTexts>> = {
  en: EN,
  zh: { ...zhFrame, ...zhKinds, ...zhCompliance },
};

export function reportTexts(language: Language): ReportTexts {
  return DICTIONARIES[language];
}
