// Renews the page every few seconds: fetches it and replaces what has changed. A hidden tab asks for nothing. Without
// this script the page is the same, as of when it was loaded.

const EVERY_MS = 5000;
const PATIENCE_MS = 8000;
const main = document.getElementById('renewed');
const note = document.getElementById('renewing');

/** What somebody has opened, scrolled or is on stays so. */
function replace(fresh) {
  if (fresh.innerHTML === main.innerHTML) return;
  if (!document.getSelection().isCollapsed && main.contains(document.getSelection().anchorNode)) return;
  for (const details of fresh.querySelectorAll('details[id]')) {
    details.open = document.getElementById(details.id)?.open ?? details.open;
  }
  const places = (root) => [...root.querySelectorAll('a[href], summary, [tabindex]')];
  const scrolls = (root) => [...root.querySelectorAll('.scroll')];
  const focused = places(main).indexOf(document.activeElement);
  const offsets = scrolls(main).map(({ scrollTop, scrollLeft }) => [scrollLeft, scrollTop]);
  main.replaceChildren(...fresh.childNodes);
  for (const [i, part] of scrolls(main).entries()) if (offsets[i]) part.scrollTo(...offsets[i]);
  if (focused >= 0) places(main)[focused]?.focus({ preventScroll: true });
}

async function renew() {
  if (document.hidden) return;
  try {
    const answer = await fetch(location.href, { cache: 'no-store', signal: AbortSignal.timeout(PATIENCE_MS) });
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
    const fresh = page.getElementById('renewed');
    if (!fresh) throw new Error('no page of this service');
    document.title = page.title;
    replace(fresh);
    note.textContent = '';
  } catch {
    note.textContent ||= `Not renewed since ${new Date().toLocaleTimeString()}: the dashboard gives no answer.`;
  }
}

async function go() {
  await renew();
  setTimeout(go, EVERY_MS);
}

setTimeout(go, EVERY_MS);
document.addEventListener('visibilitychange', renew);
