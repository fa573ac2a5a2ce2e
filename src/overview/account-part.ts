import { durationsChart, finishedChart, lagChart, requestsChart, type Series } from './charts.ts';
import { html, type Content } from './html.ts';
import type { Judgement, Problem } from './judge.ts';
import { rulesFor } from './rule.ts';
import type { AccountState } from './state.ts';
import { count } from './words.ts';

const MINUTE_MS = 60_000;

/** What is shown of an account: how it goes, pictures, unknown wordings. Pure. */
export function accountPart(label: string, state: AccountState | undefined, judgement: Judgement): Content {
  return html`<section aria-label=${label}>
    ${banner(judgement)} ${state && pictures(state)} ${state && wordings(state)}
  </section>`;
}

const HEADINGS = { good: 'All is well', warning: 'Look at this', critical: 'Needs attention' } as const;

/** Whether all is well, and if not, what to do. Pure. @param whose what is said before a problem */
export function banner<P extends Problem>(
  { severity, sentence, problems }: Omit<Judgement, 'problems'> & { readonly problems: readonly P[] },
  whose: (problem: P) => Content = () => null,
): Content {
  return html`<div class=${`banner ${severity}`}>
    <h1>${HEADINGS[severity]}</h1>
    ${
      problems.length > 0 &&
      html`<ul class="problems">
        ${problems.map((problem) => html`<li>${whose(problem)}<strong>${problem.what}</strong> ${problem.remedy}</li>`)}
      </ul>`
    }
    <p>${sentence}</p>
  </div>`;
}

function pictures({ counts, now, durations, limitPerSecond }: AccountState): Content {
  const hour: Series = { counts: counts.hour, endAt: now, stepMs: MINUTE_MS };
  const day: Series = { counts: counts.day, endAt: now, stepMs: 10 * MINUTE_MS };
  return html`<div class="charts">
    ${finishedChart('hour', 'Faxes finished, by minute', hour)}
    ${requestsChart('requests', 'Requests a second', hour, limitPerSecond)}
    ${lagChart('lag', 'How late faxes are found, at most', hour)}
    ${durationsChart('durations', 'How long faxes take, and when they are polled now', durations)}
    ${finishedChart('day', 'Faxes finished, by ten minutes', day)}
    ${lagChart('day-lag', 'How late, at most, over a day', day)}
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
