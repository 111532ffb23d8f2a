import { LANGUAGES, language } from '../settings/language.ts';
import { THEMES, theme } from '../settings/theme.ts';
import { t } from '../text/index.ts';

/** Each language is named in itself. */
const LANGUAGE_NAMES = { en: 'English', zh: '中文' } as const;

/** Theme and language, kept in this browser. */
export function Preferences() {
  const texts = t().settings;
  return (
    <div class="preferences">
      <label>
        <span class="visually-hidden">{texts.theme}</span>
        <select
          value={theme.value}
          onChange={(event) => {
            theme.value = THEMES.find((name) => name === event.currentTarget.value) ?? 'system';
          }}
        >
          {THEMES.map((name) => (
            <option key={name} value={name}>
              {texts.themes[name]}
            </option>
          ))}
        </select>
      </label>
      <label>
        <span class="visually-hidden">{texts.language}</span>
        <select
          value={language.value}
          onChange={(event) => {
            language.value = LANGUAGES.find((name) => name === event.currentTarget.value) ?? 'en';
          }}
        >
          {LANGUAGES.map((name) => (
            <option key={name} value={name} lang={name}>
              {LANGUAGE_NAMES[name]}
            </option>
          ))}
        </select>
      </label>
    </div>
  );
}
