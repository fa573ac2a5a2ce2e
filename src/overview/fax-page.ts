import { html, type Content } from './html.ts';
import { BOARD, framed } from './page.ts';
import type { FaxView } from './state.ts';

/** The page of one fax. Pure. @param account the one that it is of; undefined in a service without accounts */
export function faxPage(fax: FaxView, account: string | undefined): string {
  const { faxId, queue, jobId } = fax;
  const job = jobId !== undefined && `${BOARD}/queue/${encodeURIComponent(queue)}/${encodeURIComponent(jobId)}`;
  return framed(
    `Fax ${faxId}`,
    html`<section class="fax">
      <h1>Fax ${faxId}</h1>
      ${account !== undefined && html`<p>Account <a href=${`/account/${account}`}>${account}</a></p>`}
      ${fax.kind === 'finished' ? finished(fax) : inFlight(fax)} ${timeLine(fax)}
      ${job && html`<p><a href=${job}>Its job in Bull Board</a></p>`}
    </section>`,
  );
}

/** A page with one thing to say. Pure. */
export const messagePage = (title: string, text: string): string =>
  framed(
    title,
    html`<div class="banner warning">
      <h1>${title}</h1>
      <p>${text}</p>
    </div>`,
  );

/** Several accounts have a fax of this id. Pure. */
export const choicePage = (faxId: string, accounts: readonly string[]): string =>
  framed(
    `Fax ${faxId}`,
    html`<section class="fax">
      <h1>Fax ${faxId}</h1>
      <p>${accounts.length} accounts have a fax of this id:</p>
      <ul>
        ${accounts.map((name) => html`<li><a href=${`/fax/${faxId}?account=${name}`}>${name}</a></li>`)}
      </ul>
    </section>`,
  );

function finished({ result }: Extract<FaxView, { kind: 'finished' }>): Content {
  return html`<p class=${`outcome ${result.state}`}>
      <strong>${result.state.replace('_', ' ')}</strong> (${result.reason.replaceAll('_', ' ')})
    </p>
    ${facts([
      ['Message', `${result.apiStatus}: ${result.message}`],
      ['Enqueued', result.enqueuedAt],
      ['Found final', result.completedAt],
      ['Polls', String(result.polls)],
      ['Balance', result.userCashBalance === null ? 'not told' : String(result.userCashBalance)],
    ])}
    ${metadataOf(result.metadata)}`;
}

function inFlight(fax: Extract<FaxView, { kind: 'in-flight' }>): Content {
  return html`<p class="outcome"><strong>In flight</strong></p>
    ${facts([
      ['Next poll', fax.next],
      ['Last message', fax.lastMessage || 'none yet'],
      ['Polls', String(fax.pollCount)],
      ['Enqueued', fax.enqueuedAt],
      ['Deadline', fax.deadlineAt],
      ['Hint', fax.hint ?? 'none'],
    ])}
    ${metadataOf(fax.metadata)}`;
}

const facts = (pairs: readonly (readonly [string, string])[]): Content =>
  html`<dl>
    ${pairs.map(
      ([name, value]) =>
        html`<div>
          <dt>${name}</dt>
          <dd>${value}</dd>
        </div>`,
    )}
  </dl>`;

function metadataOf(metadata: Readonly<Record<string, unknown>>): Content {
  if (Object.keys(metadata).length === 0) return null;
  return html`<h2>Metadata</h2>
    <pre class="scroll" tabindex="0" role="region" aria-label="Metadata">${JSON.stringify(metadata, null, 2)}</pre>`;
}

function timeLine({ polls }: FaxView): Content {
  if (polls.length === 0) return null;
  return html`<h2>Polls</h2>
    <ol class="polls">
      ${polls.map(
        ({ at, poll, said }) => html`<li value=${poll}><time datetime=${at}>${at.slice(11, 19)}</time> ${said}</li>`,
      )}
    </ol>`;
}
