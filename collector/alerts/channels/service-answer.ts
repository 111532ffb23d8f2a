import * as z from 'zod';
import { type HttpResponse, jsonOf } from '../../../delivery/connection/http-client.ts';
import { PoisonBatch, TryAgain, WrongConfiguration } from '../../../delivery/sinks/failure.ts';

/** What a service's own code means for us. */
export type Meaning =
  | { readonly kind: 'later'; readonly afterMillis?: number }
  | { readonly kind: 'refused' }
  | { readonly kind: 'configuration'; readonly nextStep: string };

const MAX_WORDS = 200;

/** DingTalk and WeCom say `errcode` and `errmsg`, Feishu `code` and `msg`; all of them with status 200. */
const answerSchema = z
  .object({
    errcode: z.number().optional(),
    errmsg: z.string().optional(),
    code: z.number().optional(),
    msg: z.string().optional(),
  })
  .transform(({ errcode, errmsg, code, msg }) => ({ code: errcode ?? code, words: errmsg ?? msg ?? '' }));

/**
 * For services that answer 200 whatever happened: the code in the body says whether a message was taken.
 * @param meaningOf of a code that is not 0; undefined: it is not known, and the message is tried again
 * @throws TryAgain, WrongConfiguration, PoisonBatch
 */
export function checkAnswer(
  response: HttpResponse,
  service: string,
  meaningOf: (code: number, words: string) => Meaning | undefined,
): void {
  const { code, words } = answerSchema.safeParse(jsonOf(response)).data ?? {};
  if (code === 0) return;
  if (code === undefined) {
    throw new WrongConfiguration(
      'DBA4006',
      `${service}: the answer is not that of ${service}`,
      'check the address in urlFile',
    );
  }
  const said = `${service}: refuses with code ${code}: ${(words ?? '').replace(/[\s\p{C}]+/gu, ' ').slice(0, MAX_WORDS)}`;
  const meaning = meaningOf(code, words ?? '') ?? { kind: 'later' };
  switch (meaning.kind) {
    case 'later':
      throw new TryAgain('DBA4007', said, meaning.afterMillis);
    case 'refused':
      throw new PoisonBatch(said);
    case 'configuration':
      throw new WrongConfiguration('DBA4001', said, meaning.nextStep);
  }
}
