import type { AnswerContent } from './answer.ts';
import { normalise } from './wording.ts';

// The error messages in the API's reference. Its gateway sends some of them with status 200.
const OWN_WORDS: readonly (readonly [message: string, content: AnswerContent])[] = [
  ['Unauthorized', { kind: 'unauthorized' }],
  ['Rate Limit Exceeded', { kind: 'rate_limited' }],
  ['Resource Not Found', { kind: 'not_found' }],
  ['Internal Server Error', { kind: 'fault', fault: 'http_500' }],
  ['Server Error', { kind: 'fault', fault: 'http_500' }],
];
const BY_MESSAGE = new Map(OWN_WORDS.map(([message, content]) => [normalise(message), content]));

/**
 * What an answer with status 200 means if its message is one of the API's own error messages: it is about the request,
 * not the fax.
 *
 * @returns undefined if it is about the fax
 */
export const ownWords = (message: string): AnswerContent | undefined => BY_MESSAGE.get(normalise(message));
