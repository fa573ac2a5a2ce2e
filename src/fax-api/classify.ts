import type { FailureReason } from '../contract/result.ts';
import type { AnswerContent } from './answer.ts';
import type { ClassificationRule } from './classification-rules.ts';
import { containsWords, normalise, startsWithWords } from './wording.ts';

/** What an answer means for the fax. */
export type Verdict =
  | { readonly kind: 'sent' }
  | { readonly kind: 'failed'; readonly reason: FailureReason }
  | { readonly kind: 'pending' }
  | { readonly kind: 'unrecognised'; readonly wording: string }
  | { readonly kind: Exclude<AnswerContent['kind'], 'status'> };

/**
 * Gives an answer its meaning: the first rule that holds, in order. A wording that no rule knows is `unrecognised`,
 * never final. Pure: same answer and rules, same verdict.
 */
export function classify(answer: AnswerContent, rules: readonly ClassificationRule[]): Verdict {
  if (answer.kind !== 'status') return { kind: answer.kind };
  const status = normalise(answer.apiStatus);
  const message = normalise(answer.message);
  const rule = rules.find(({ anyOf }) =>
    anyOf.some(
      (condition) =>
        (condition.status?.includes(status) ?? true) &&
        (condition.messageIs?.includes(message) ?? true) &&
        (condition.messageStartsWith?.some((phrase) => startsWithWords(message, phrase)) ?? true) &&
        (condition.messageContains?.some((phrase) => containsWords(message, phrase)) ?? true) &&
        !condition.messageLacks?.some((phrase) => containsWords(message, phrase)),
    ),
  );
  if (!rule) return { kind: 'unrecognised', wording: `${status}: ${message}` };
  if (rule.verdict !== 'failed') return { kind: rule.verdict };
  const reason = rule.reasons?.find(({ phrase }) => containsWords(message, phrase))?.reason;
  return { kind: 'failed', reason: reason ?? 'unknown' };
}
