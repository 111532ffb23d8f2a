/** Stands in an event where a credential stood. No password is likely to be this, nor a part of it a word of its own. */
export const MASKED = '<masked>';
