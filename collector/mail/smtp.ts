import * as z from 'zod';
import { connectionFailure } from '../../delivery/connection/connection-failure.ts';
import { readSecretFile } from '../../delivery/connection/secret-file.ts';
import { readTlsFiles } from '../../delivery/connection/tls-files.ts';
import { PoisonBatch, TryAgain, WrongConfiguration } from '../../delivery/sinks/failure.ts';
import { secretFile, tlsFields } from '../../delivery/sinks/sink-fields.ts';

const TIMEOUT_MILLIS = 30_000;
const MAX_WORDS = 200;

const PORTS = { starttls: 587, tls: 465, none: 25 } as const;

export const mailAddress = z.email('expected an address such as audit@example.com');

/** How mail is handed in, in every part of the configuration that sends some. */
export const smtpFields = {
  host: z.string().min(1),
  /** Default: 587, or 465 for `tls`, 25 for `none`. */
  port: z.int().min(1).max(65_535).optional(),
  /** `starttls` insists on it. `none` is for a relay on the same machine. */
  security: z.enum(['starttls', 'tls', 'none']).default('starttls'),
  username: z.string().min(1).optional(),
  passwordFile: secretFile.optional(),
  from: mailAddress,
  tls: tlsFields.optional(),
} as const;

export type Smtp = z.infer<z.ZodObject<typeof smtpFields>>;

/** What the fields have to do with each other; for `.check` of a schema that has them. */
export function checkSmtp({ value, issues }: z.core.ParsePayload<Smtp>): void {
  const problem = (path: keyof Smtp, message: string) =>
    issues.push({ code: 'custom', input: undefined, path: [path], message });
  if ((value.username === undefined) !== (value.passwordFile === undefined))
    problem(value.username === undefined ? 'username' : 'passwordFile', 'username and passwordFile go together');
  if (value.security === 'none' && value.username !== undefined)
    problem('security', 'a password is sent over TLS alone: use starttls or tls');
  if (value.security === 'none' && value.tls !== undefined) problem('tls', 'security is none');
}

export interface Mail {
  /** The same for a repeat, so that mailboxes show one. */
  readonly id: string;
  readonly to: readonly string[];
  readonly subject: string;
  readonly text: string;
  readonly attachments?: readonly {
    readonly filename: string;
    readonly content: Buffer;
    readonly contentType: string;
  }[];
}

/** Of nodemailer's errors, what we go by. https://nodemailer.com/smtp/ */
const failureSchema = z.object({
  code: z.string().optional(),
  responseCode: z.number().optional(),
  response: z.string().optional(),
  message: z.string().default(''),
});

/**
 * Hands a mail in over SMTP (RFC 5321), with a connection of its own; the words, if there are any, are worth a line in a log.
 * @throws TryAgain, WrongConfiguration, PoisonBatch where it is refused for good; no secret is in their words
 */
export async function sendMail(settings: Smtp, mail: Mail, signal: AbortSignal): Promise<string | undefined> {
  const { host, security, port = PORTS[security], username, passwordFile, from, tls } = settings;
  const { id, to, attachments = [], ...content } = mail;
  const pass = passwordFile === undefined ? undefined : await readSecretFile(passwordFile, 'passwordFile');
  // Takes some megabytes; loaded with the first mail.
  const { createTransport } = await import('nodemailer');
  const transport = createTransport({
    host,
    port,
    secure: security === 'tls',
    requireTLS: security === 'starttls',
    ignoreTLS: security === 'none',
    ...(security === 'none' ? {} : { tls: { servername: host, ...(await readTlsFiles(tls ?? {})) } }),
    ...(username === undefined || pass === undefined ? {} : { auth: { user: username, pass } }),
    connectionTimeout: TIMEOUT_MILLIS,
    greetingTimeout: TIMEOUT_MILLIS,
    socketTimeout: TIMEOUT_MILLIS,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  const close = () => transport.close();
  signal.addEventListener('abort', close);
  try {
    const { rejected } = await transport.sendMail({
      from,
      to: [...to],
      messageId: `<${id}@${from.slice(from.indexOf('@') + 1)}>`,
      headers: { 'Auto-Submitted': 'auto-generated' },
      attachments: [...attachments],
      ...content,
    });
    return rejected.length === 0 ? undefined : `refused for ${rejected.length} of ${to.length} addresses`;
  } catch (error) {
    throw mailFailure(error, smtpPlace(settings), pass);
  } finally {
    signal.removeEventListener('abort', close);
    transport.close();
  }
}

/** For people; no secret. */
export function smtpPlace({ host, port, security }: Pick<Smtp, 'host' | 'port' | 'security'>): string {
  return `smtp://${host}:${port ?? PORTS[security]}`;
}

/** RFC 5321 4.2.1: 4yz may pass later, 5yz will not. */
function mailFailure(error: unknown, place: string, password: string | undefined): Error {
  const { code, responseCode, response, message } = failureSchema.safeParse(error).data ?? { message: String(error) };
  const words = hidden(response ?? message, password);
  const said = `${place}: ${words}`;
  if (code === 'EAUTH' && (responseCode === undefined || responseCode >= 500))
    return new WrongConfiguration('DBA4001', said, 'check username and the file of passwordFile');
  if (code === 'ETLS' && responseCode !== undefined)
    return new WrongConfiguration(
      'DBA4006',
      `${place}: it does not offer STARTTLS`,
      'set security to tls, or the port of submission',
    );
  // nodemailer replaces the code of TLS' own error, and leaves its words.
  if (responseCode === undefined && /\bcertificate\b|\bcert'?s altnames\b/i.test(message))
    return new WrongConfiguration(
      'DBA4002',
      said,
      'name the server’s certificate authority in tls.caFile, and its own name as host',
    );
  if (responseCode === undefined) return connectionFailure(error, place);
  if (responseCode < 500) return new TryAgain('DBA4007', said);
  if (code === 'EENVELOPE')
    return new WrongConfiguration('DBA4004', said, 'check from and to: the server refuses them');
  return new PoisonBatch(said);
}

function hidden(words: string, password: string | undefined): string {
  const encoded = password === undefined ? [] : [password, Buffer.from(password).toString('base64')];
  const masked = encoded.reduce((text, secret) => text.replaceAll(secret, '***'), words);
  return masked.replace(/[\s\p{C}]+/gu, ' ').slice(0, MAX_WORDS);
}
