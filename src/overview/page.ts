import { accountPart } from './account-part.ts';
import { html, page, type Content } from './html.ts';
import { judge, type Severity } from './judge.ts';
import type { AccountState } from './state.ts';

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

/** The overview of a service without accounts. Pure. @param redisUp whether Redis answers */
export function overviewPage(state: AccountState | undefined, redisUp: boolean): string {
  const judgement = judge(state, undefined, redisUp);
  return framed(titled('Faxwatch', judgement.severity), accountPart('All faxes', state, judgement));
}

/** A title that says in a tab whether somebody is needed. */
export const titled = (title: string, severity: Severity): string =>
  severity === 'good' ? title : `${title}: needs attention`;
