import { durationsChart, finishedChart, lagChart, requestsChart, type Series } from './charts.ts';
import { html, page, type Content } from './html.ts';
import { judge, type Judgement } from './judge.ts';
import { rulesFor } from './rule.ts';
import type { AccountState, AccountView } from './state.ts';
import { count } from './words.ts';

const MINUTE_MS = 60_000;
export const BOARD = '/queues';

/** The frame of every page here. @param main what is renewed */
export function framed(title: string, main: Content): string {
  return page(html`
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="robots" content="noindex" />
        <title>${title}</title>
        <link rel="icon" href="/overview/icon.svg" type="image/svg+xml" />
        <link rel="stylesheet" href="/overview/style.css" />
        <script src="/overview/renew.js" defer></script>
      </head>
      <body>
        <header>
          <a class="name" href="/">Faxwatch</a>
          <nav aria-label="Pages"><a href=${BOARD}>Bull Board</a></nav>
          <form action="/fax" role="search">
            <label for="fax-id">Fax job id</label>
            <input id="fax-id" name="id" required maxlength="64" autocomplete="off" spellcheck="false" />
            <button>Find</button>
          </form>
        </header>
        <main id="renewed">${main}</main>
        <footer id="renewing"></footer>
      </body>
    </html>
  `);
}

/** The overview. Pure. */
export function overviewPage(accounts: readonly AccountView[]): string {
  const judged = accounts.map((view) => ({ view, judgement: judge(view.state) }));
  const worst = judged.find(({ judgement }) => judgement.severity === 'critical') ?? judged[0];
  const title = worst && worst.judgement.severity !== 'good' ? 'Faxwatch: needs attention' : 'Faxwatch';
  return framed(
    title,
    judged.map(({ view, judgement }) => accountSection(view, judgement, accounts.length > 1)),
  );
}

function accountSection({ name, state }: AccountView, judgement: Judgement, named: boolean): Content {
  return html`<section aria-label=${named ? `Account ${name}` : 'All faxes'}>
    ${named && html`<h2>${name}</h2>`} ${banner(judgement)} ${state && pictures(name, state)}
    ${state && wordings(state)}
  </section>`;
}

const HEADINGS = { good: 'All is well', warning: 'Look at this', critical: 'This needs you' } as const;

function banner({ severity, sentence, problems }: Judgement): Content {
  return html`<div class=${`banner ${severity}`}>
    <h1>${HEADINGS[severity]}</h1>
    ${
      problems.length > 0 &&
      html`<ul class="problems">
        ${problems.map(({ what, remedy }) => html`<li><strong>${what}</strong> ${remedy}</li>`)}
      </ul>`
    }
    <p>${sentence}</p>
  </div>`;
}

function pictures(name: string, { counts, now, durations, limitPerSecond }: AccountState): Content {
  const hour: Series = { counts: counts.hour, endAt: now, stepMs: MINUTE_MS };
  const day: Series = { counts: counts.day, endAt: now, stepMs: 10 * MINUTE_MS };
  return html`<div class="charts">
    ${finishedChart(`${name}-hour`, 'Faxes finished, by minute', hour)}
    ${requestsChart(`${name}-requests`, 'Requests a second', hour, limitPerSecond)}
    ${lagChart(`${name}-lag`, 'Found at most so late, on average', hour)}
    ${durationsChart(`${name}-durations`, 'How long faxes take, and when they are polled now', durations)}
    ${finishedChart(`${name}-day`, 'Faxes finished, by ten minutes', day)}
    ${lagChart(`${name}-day-lag`, 'Found at most so late, over a day', day)}
  </div>`;
}

function wordings({ wordings: unknown }: AccountState): Content {
  if (unknown.length === 0) return null;
  return html`<div class="card" id="wordings">
    <h2>${count(unknown.length, 'wording', 'wordings')} that no rule knows</h2>
    <ul>
      ${unknown.map(({ apiStatus, message }) => html`<li><q>${apiStatus}</q>: <q>${message}</q></li>`)}
    </ul>
    <p>
      A file with a rule for each, for <code>CLASSIFICATION_FILE</code>. Set each verdict to <code>sent</code> or
      ${' '}<code>failed</code> if the wording is final; <code>pending</code> changes nothing but ends the warning.
    </p>
    <pre class="scroll" tabindex="0" role="region" aria-label="Rules to copy">${rulesFor(unknown)}</pre>
  </div>`;
}
