import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { SettingsError } from '../settings/settings-error.ts';
import { FAILURE_REASONS } from '../contract/result.ts';
import { normalise } from './wording.ts';

const Phrase = z
  .string()
  .transform(normalise)
  .refine((phrase) => phrase !== '', 'must have a letter or a digit');
const Condition = z
  .strictObject({
    status: z.array(Phrase).min(1).optional(),
    messageIs: z.array(Phrase).min(1).optional(),
    messageStartsWith: z.array(Phrase).min(1).optional(),
    messageContains: z.array(Phrase).min(1).optional(),
    messageLacks: z.array(Phrase).min(1).optional(),
  })
  .refine((condition) => Object.keys(condition).length > 0, 'must name a status or a message');

/**
 * One rule of `config/classification.json` or of an operator's `CLASSIFICATION_FILE`. It holds if any of `anyOf` does,
 * and a condition holds if each part that it names does; `messageLacks` holds if the message has none of the phrases.
 * `reasons` maps a phrase in the message to why a fax failed.
 */
const Rule = z.strictObject({
  verdict: z.enum(['failed', 'pending', 'sent']),
  comment: z.string().optional(),
  anyOf: z.array(Condition).min(1),
  reasons: z
    .record(z.string(), z.enum(FAILURE_REASONS))
    .transform((reasons) => Object.entries(reasons).map(([phrase, reason]) => ({ phrase: normalise(phrase), reason })))
    .optional(),
});
const Rules = z.array(Rule);

export type ClassificationRule = z.output<typeof Rule>;

const SHIPPED = new URL('../../config/classification.json', import.meta.url);
const ORDER = ['failed', 'pending', 'sent'] as const;

/**
 * The rules in the order in which they apply: failed, pending, sent. An operator's rules come after the shipped ones of
 * the same verdict, so they can add wordings but take none away.
 *
 * @param extraFile the path in `CLASSIFICATION_FILE`
 * @throws SettingsError if that file cannot be read or is not a list of rules
 */
export function loadRules(extraFile: string | null): ClassificationRule[] {
  const rules = Rules.parse(JSON.parse(readFileSync(SHIPPED, 'utf8')));
  if (extraFile !== null) rules.push(...readExtra(extraFile));
  return rules.sort((a, b) => ORDER.indexOf(a.verdict) - ORDER.indexOf(b.verdict));
}

function readExtra(file: string): ClassificationRule[] {
  const wrong = (what: string): SettingsError => new SettingsError([`CLASSIFICATION_FILE: ${what}`]);
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    throw wrong('must be the path of a readable JSON file');
  }
  const rules = Rules.safeParse(json);
  if (rules.success) return rules.data;
  throw wrong(rules.error.issues.map((issue) => `rule ${issue.path.join('.')}: ${issue.message}`).join('; '));
}
