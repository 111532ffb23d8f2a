import { MASKED } from '../../contract/masked.ts';
import { isCredentialStatement, secretSpans } from '../sql/content-secrets.ts';

/** Names of parameters whose values let somebody in: of OAuth 2, of signed URLs of the clouds, of sessions, and plain ones. */
const SECRET_NAME =
  /pass(?:w(?:or)?d|phrase|code)?$|pwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|credential|signature|^sig$|^key$|^auth|^code$|jwt|assertion|^sid$|session|otp$|^pin$|^state$|ticket/i;
/** A JSON Web Token, whatever its parameter is called. https://www.rfc-editor.org/rfc/rfc7519#section-3.1 */
const WEB_TOKEN = /^eyJ[\w-]+\.[\w-]+\./;

/** A query with the values masked that look like credentials; names, order and other values as they were. */
export function maskQuery(query: string): string {
  return query.replace(/[^&;]+/g, (parameter) => {
    const equals = parameter.indexOf('=');
    if (equals < 0) return looksSecret('', decoded(parameter)) ? MASKED : parameter;
    const name = parameter.slice(0, equals);
    const value = decoded(parameter.slice(equals + 1));
    return value !== '' && looksSecret(decoded(name), value) ? `${name}=${MASKED}` : parameter;
  });
}

/** Any other text of a request with the credentials in it masked. */
export function maskText(text: string): string {
  let masked = '';
  let from = 0;
  for (const { start, end } of secretSpans(text, 0, text.length, true)) {
    masked += text.slice(from, start) + MASKED;
    from = end;
  }
  return masked + text.slice(from);
}

function looksSecret(name: string, value: string): boolean {
  return (
    SECRET_NAME.test(name) ||
    WEB_TOKEN.test(value) ||
    isCredentialStatement(value) ||
    secretSpans(value, 0, value.length, true).length > 0
  );
}

/** Twice, for proxies encode what is encoded; as it is where it is no encoding. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(decodeURIComponent(text.replaceAll('+', ' ')));
  } catch {
    return text.replace(/%([0-7][0-9a-f])/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  }
}
