import { expect, test } from '@jest/globals';
import { RememberedAnswers, TooManyQuestions } from '../../../kubernetes/remembered-answers.ts';
import { tokenClaims } from '../../../kubernetes/token-review.ts';

/** Answers when it is told to. */
function slow({ believedMillis = 60_000, maxRemembered = 10, maxUnderWay = 2, maxWaiting = 1 } = {}) {
  const asked: string[] = [];
  const answer: ((text: string) => void)[] = [];
  const answers = new RememberedAnswers<string, string>({
    maxRemembered,
    maxUnderWay,
    maxWaiting,
    ask: (question) => {
      asked.push(question);
      return new Promise((resolve, reject) => {
        answer.push((text) =>
          text === '' ? reject(new Error('away')) : resolve({ answer: text, until: Date.now() + believedMillis }),
        );
      });
    },
  });
  return { answers, asked, answer };
}

test('the same question is asked once at a time, and not again while its answer is believed', async () => {
  const { answers, asked, answer } = slow();
  const both = Promise.all([answers.get('a', 'a'), answers.get('a', 'a')]);
  answer[0]?.('yes');
  expect(await both).toEqual(['yes', 'yes']);
  expect(await answers.get('a', 'a')).toBe('yes');
  expect(asked).toEqual(['a']);
});

test('an answer that is not believed any more is asked for anew', async () => {
  const { answers, asked, answer } = slow({ believedMillis: -1 });
  for (const text of ['yes', 'no']) {
    const told = answers.get('a', 'a');
    answer.at(-1)?.(text);
    expect(await told).toBe(text);
  }
  expect(asked).toEqual(['a', 'a']);
});

test('so many are under way, so many wait, and the others are turned away', async () => {
  const { answers, asked, answer } = slow();
  const three = ['a', 'b', 'c'].map((question) => answers.get(question, question));
  await expect(answers.get('d', 'd')).rejects.toBeInstanceOf(TooManyQuestions);
  expect(asked).toEqual(['a', 'b']);
  for (const index of [0, 1, 2]) {
    answer[index]?.('yes');
    await three[index];
    await new Promise(setImmediate);
  }
  expect(asked).toEqual(['a', 'b', 'c']);
  const later = answers.get('d', 'd');
  answer[3]?.('yes');
  expect(await later).toBe('yes');
});

test('a failure is no answer, and gives its place to the next', async () => {
  const { answers, asked, answer } = slow({ maxUnderWay: 1, maxWaiting: 1 });
  const failing = answers.get('a', 'a');
  const waiting = answers.get('b', 'b');
  answer[0]?.('');
  await expect(failing).rejects.toThrow('away');
  await new Promise(setImmediate);
  answer[1]?.('yes');
  expect(await waiting).toBe('yes');
  const again = answers.get('a', 'a');
  answer[2]?.('yes');
  expect(await again).toBe('yes');
  expect(asked).toEqual(['a', 'b', 'a']);
});

test('the oldest answers are forgotten', async () => {
  const { answers, asked, answer } = slow({ maxRemembered: 2 });
  for (const question of ['a', 'b', 'c', 'b', 'a']) {
    const told = answers.get(question, question);
    answer.at(-1)?.('yes');
    await told;
  }
  expect(asked).toEqual(['a', 'b', 'c', 'a']);
});

test('claims of a token are read, whatever it is', () => {
  const token = (claims: unknown) => `x.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.y`;
  expect(tokenClaims(token({ exp: 5, aud: 'a' }))).toEqual({ expiresAt: 5_000, audiences: ['a'] });
  expect(tokenClaims(token({ aud: ['a', 'b'] }))).toEqual({ audiences: ['a', 'b'] });
  for (const other of ['', 'opaque', 'a.b.c', token(7), token({ exp: 'soon' })])
    expect(tokenClaims(other)).toEqual({ audiences: [] });
});
