import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { hazards, tableOf } from './life-table.ts';

const FILE = new URL('../../config/completion-prior.json', import.meta.url);
const Prior = z.object({ distribution: z.array(z.tuple([z.number(), z.number()])) });

let prior: Float64Array | undefined;

/**
 * What is assumed about how long faxes take until enough have been watched: completions per ms of each bin of age.
 *
 * @throws if `config/completion-prior.json`, which is part of the service, cannot be read or has another form
 */
export const shippedPrior = (): Float64Array => (prior ??= readPrior());

const readPrior = (): Float64Array =>
  hazards(tableOf(Prior.parse(JSON.parse(readFileSync(FILE, 'utf8'))).distribution, 1));
