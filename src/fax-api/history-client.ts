import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { FaxId } from '../contract/fax-job.ts';
import { redactor } from '../log/redact.ts';
import type { Settings } from '../settings/table.ts';
import type { HistoryAnswer, HistoryEntry } from './history-answer.ts';
import { faultOf, Transport, type TransportSettings } from './transport.ts';
import { normalise } from './wording.ts';

const MAX_BODY_BYTES = 1024 * 1024; // a thousand entries of the documented shape take a quarter of that
const CONNECTIONS = 1; // there is one sweep at a time
const MAX_WORD_CHARS = 40;

// Of an entry only this is read: recipient and document stay out of the service.
const Entry = z.object({
  id: FaxId,
  status: z.string().catch(''),
  created: z.object({ date: z.string() }).optional().catch(undefined),
});
const List = z.object({ history: z.array(z.unknown()) });

export type HistorySettings = TransportSettings & Pick<Settings, 'HISTORY_PAGE_SIZE'>;

/** Asks Fax.to for its list of faxes, page by page. It never throws and never retries. */
export class HistoryClient {
  readonly #transport: Transport;
  readonly #pageSize: number;
  #redact: (text: string) => string;

  constructor(settings: HistorySettings) {
    this.#transport = new Transport(settings, MAX_BODY_BYTES, CONNECTIONS);
    this.#pageSize = settings.HISTORY_PAGE_SIZE;
    this.#redact = redactor(settings.FAX_API_KEY);
  }

  /** @param page from 1 */
  async page(page: number): Promise<HistoryAnswer> {
    try {
      const more = `limit=${this.#pageSize}&page=${page}`;
      const { statusCode, body } = await this.#transport.request('/fax-history', randomUUID(), more);
      if (statusCode !== 200) return unusable(`the API answers ${statusCode} to it`);
      return read(new TextDecoder().decode(body), this.#redact);
    } catch (error) {
      return unusable(`a request of it fails: ${faultOf(error)}`);
    }
  }

  /** From the next request on another key is sent. A late answer may still echo the one before. */
  useKey(key: string): void {
    const [before, now] = [this.#redact, redactor(key)];
    this.#redact = (text) => now(before(text));
    this.#transport.useKey(key);
  }

  /** Closes the connection, whatever is under way on it. */
  async close(): Promise<void> {
    await this.#transport.close();
  }
}

const unusable = (reason: string): HistoryAnswer => ({ kind: 'unusable', reason });

/** @param redact takes the key out of a text: an API may echo it */
function read(text: string, redact: (text: string) => string): HistoryAnswer {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return unusable('it is no JSON');
  }
  const list = List.safeParse(json);
  if (!list.success) return unusable('it has another shape than documented');
  const entries = list.data.history.map((entry) => entryOf(entry, redact)).filter((entry) => entry !== undefined);
  if (entries.length === 0 && list.data.history.length > 0) return unusable('its entries have another shape');
  return { kind: 'list', entries };
}

function entryOf(value: unknown, redact: (text: string) => string): HistoryEntry | undefined {
  const { success, data } = Entry.safeParse(value);
  if (!success) return undefined;
  const word = normalise(redact(data.status));
  // "2017-03-09 15:35:28.000000": only the order of dates matters, so the time zone does not
  const createdAt = Date.parse(`${data.created?.date.replace(' ', 'T').slice(0, 23) ?? ''}Z`);
  return {
    faxId: data.id,
    word: word.length > MAX_WORD_CHARS ? '' : word,
    createdAt: Number.isFinite(createdAt) ? createdAt : undefined,
  };
}
