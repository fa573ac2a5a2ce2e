import { accountPart, banner } from './account-part.ts';
import { meanLag, sum } from './day-counts.ts';
import { html, type Content } from './html.ts';
import { inFlight, judge, type Judgement } from './judge.ts';
import { judgeAccounts, type JudgedAccount, type SharedProblem } from './judge-accounts.ts';
import { framed, titled } from './page.ts';
import type { AccountsView, AccountView } from './state.ts';
import { count, duration, figure } from './words.ts';

const COLUMNS = ['Account', 'State', 'In flight', 'Pace', 'Found late, at most'];
const MOST_NAMES = 200; // a link each: a thousand would be half of the page's bytes
const NAMES_BEFORE_A_PROBLEM = 5;

/** The overview of a service with accounts: a row for each that has something in flight. Pure. */
export function accountsPage(view: AccountsView): string {
  const judgement = judgeAccounts(view);
  const { severity, accounts } = judgement;
  return framed(
    titled('Faxwatch', severity),
    html`${banner(judgement, whose)} ${accounts.length > 0 && table(accounts)} ${sleepers(view.asleep)}`,
  );
}

/** One account of several. Pure. @param redisUp whether Redis answers */
export function accountPage({ name, state }: AccountView, redisUp: boolean): string {
  const judgement = judge(state, name, redisUp);
  return framed(
    titled(`Faxwatch, account ${name}`, judgement.severity),
    html`<nav class="trail" aria-label="Accounts"><a href="/">All accounts</a> / ${name}</nav>
      ${accountPart(`Account ${name}`, state, judgement)}`,
  );
}

const link = (name: string): Content => html`<a href=${`/account/${name}`}>${name}</a>`;

function whose({ accounts }: SharedProblem): Content {
  if (accounts.length === 0) return null;
  const more = accounts.length - NAMES_BEFORE_A_PROBLEM;
  const names = accounts.slice(0, NAMES_BEFORE_A_PROBLEM).map((name, i) => html`${i > 0 && ', '}${link(name)}`);
  return html`${names}${more > 0 && ` and ${count(more, 'more', 'more')}`}: ${' '}`;
}

function table(accounts: readonly JudgedAccount[]): Content {
  return html`<div class="card scroll accounts" tabindex="0" role="region" aria-label="Accounts">
    <table>
      <thead>
        <tr>
          ${COLUMNS.map((name) => html`<th scope="col">${name}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${accounts.map(row)}
      </tbody>
    </table>
  </div>`;
}

function row({ view: { name, state }, judgement }: JudgedAccount): Content {
  const lag = state && meanLag(sum(state.counts.hour));
  const pace = state?.fleet.pacePerSecond;
  return html`<tr>
    <th scope="row">${link(name)}</th>
    <td class=${`state ${judgement.severity}`}>${inShort(judgement)}</td>
    <td>${state ? inFlight(state.fleet).toLocaleString('en') : '?'}</td>
    <td>${pace === undefined ? '?' : `${figure(pace)}/s`}</td>
    <td>${lag === undefined ? 'none yet' : duration(lag)}</td>
  </tr>`;
}

const inShort = ({ problems }: Judgement): string =>
  problems.length === 0 ? 'OK' : problems.map(({ short }) => short).join(', ');

function sleepers(asleep: readonly string[]): Content {
  if (asleep.length === 0) return null;
  const more = asleep.length - MOST_NAMES;
  return html`<details class="card" id="asleep">
    <summary>${count(asleep.length, 'account sleeps', 'accounts sleep')}</summary>
    <ul class="names">
      ${asleep.slice(0, MOST_NAMES).map((name) => html`<li>${link(name)}</li>`)}
      ${more > 0 && html`<li>and ${count(more, 'more', 'more')}</li>`}
    </ul>
  </details>`;
}
