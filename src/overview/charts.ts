import { finished, meanLag, type Count } from './day-counts.ts';
import { html, type Content } from './html.ts';
import { bar, height, line, logX, roundTop, stack, type Plot } from './scales.ts';
import type { Durations } from './state.ts';
import { duration, figure, minuteTime, percent } from './words.ts';

// The pictures, as SVG. Colours come from the style sheet, by class; each picture has its figures as text beside it.

const WIDTH = 360;
const HEIGHT = 150;
const PLOT: Plot = { left: 38, right: 354, top: 12, bottom: 126 };
const MOST_ROWS = 24;

/** A row of counts, the times they are of, and how long each is. */
export type Series = { readonly counts: readonly Count[]; readonly endAt: number; readonly stepMs: number };

const OUTCOMES = [
  { name: 'sent', of: ({ sent }: Count) => sent },
  { name: 'failed', of: ({ failed }: Count) => failed },
  { name: 'not found', of: ({ notFound }: Count) => notFound },
  { name: 'expired', of: ({ expired }: Count) => expired },
] as const;

const cssClass = (name: string): string => name.replace(' ', '-');

/** Faxes finished by outcome, as stacked bars. */
export function finishedChart(id: string, title: string, series: Series): Content {
  const { counts } = series;
  const max = roundTop(Math.max(...counts.map(finished)));
  const totals = OUTCOMES.map(({ name, of }) => ({ name, total: counts.reduce((all, count) => all + of(count), 0) }));
  const summary = totals.map(({ name, total }) => `${total} ${name}`).join(', ');
  const bars = counts.map((count, i) => {
    const { x, width } = bar(PLOT, i, counts.length);
    const values = OUTCOMES.map(({ of }) => of(count));
    return stack(PLOT, values, max).map((segment, j) =>
      segment.height > 0
        ? html`<rect
            class=${cssClass(OUTCOMES[j]?.name ?? '')}
            x=${x}
            y=${segment.y}
            width=${width}
            height=${segment.height}
          />`
        : null,
    );
  });
  const legend = html`<ul class="legend">
    ${totals.map(({ name, total }) => html`<li><i class=${cssClass(name)}></i>${name} ${total}</li>`)}
  </ul>`;
  const rows = rowsOf(series, (count) => OUTCOMES.map(({ of }) => of(count)));
  const table = tableOf(id, ['from', ...OUTCOMES.map(({ name }) => name)], rows);
  return figureOf(id, title, summary, [axes(max, figure, series), bars], html`${legend}${table}`);
}

/** How late finished faxes were found at most, on average. */
export function lagChart(id: string, title: string, series: Series): Content {
  const lags = series.counts.map((count) => seconds(meanLag(count)));
  const known = lags.filter((lag) => lag !== undefined);
  const max = roundTop(Math.max(...known));
  const summary =
    known.length === 0 ? 'no fax was found' : `from ${figure(Math.min(...known))} to ${figure(Math.max(...known))} s`;
  const drawn = html`<path class="lag" d=${line(PLOT, lags, max)} />`;
  const table = tableOf(
    id,
    ['from', 'late by at most, s'],
    rowsOf(series, (count) => [seconds(meanLag(count))]),
  );
  return figureOf(id, title, summary, [axes(max, (value) => `${figure(value)} s`, series), drawn], table);
}

/** Requests per second against the limit. @param limit requests per second */
export function requestsChart(id: string, title: string, series: Series, limit: number): Content {
  const rates = series.counts.map(({ requests }, i) => {
    const whole = i < series.counts.length - 1;
    const ms = whole ? series.stepMs : Math.max(series.endAt % series.stepMs, series.stepMs / 6);
    return (requests * 1_000) / ms;
  });
  const max = roundTop(Math.max(limit, ...rates));
  const limitY = PLOT.bottom - height(PLOT, limit, max);
  const bars = rates.map((rate, i) => {
    const { x, width } = bar(PLOT, i, rates.length);
    const drawn = height(PLOT, rate, max);
    return drawn > 0 && html`<rect class="requests" x=${x} y=${PLOT.bottom - drawn} width=${width} height=${drawn} />`;
  });
  const summary = `at most ${figure(Math.max(...rates))} a second; the limit is ${figure(limit)}`;
  const limitLine = html`<path class="limit" d=${`M${PLOT.left} ${limitY}H${PLOT.right}`} />`;
  const table = tableOf(
    id,
    ['from', 'requests'],
    rowsOf(series, ({ requests }) => [requests]),
  );
  const legend = html`<ul class="legend">
    <li><i class="requests"></i>requests</li>
    <li><i class="limit"></i>limit ${figure(limit)}</li>
  </ul>`;
  return figureOf(id, title, summary, [axes(max, figure, series), bars, limitLine], html`${legend}${table}`);
}

const FIRST_AGE_MS = 1_000;
const AGE_TICKS_MS = [1_000, 10_000, 60_000, 600_000, 3_600_000, 21_600_000, 86_400_000];

/** How long faxes take, and the ages at which they are polled at today's load. */
export function durationsChart(id: string, title: string, { survival, pollAges }: Durations): Content {
  const last = Math.max(survival.at(-1)?.ageMs ?? 0, 10 * FIRST_AGE_MS);
  const at = (ageMs: number): number => logX(PLOT, ageMs, FIRST_AGE_MS, last);
  const drawn = survival.filter(({ ageMs }) => ageMs >= FIRST_AGE_MS);
  const points = drawn.map(({ ageMs, share }) => `${at(ageMs)} ${PLOT.bottom - height(PLOT, share, 1)}`).join('L');
  const within = pollAges.filter((ageMs) => ageMs <= last);
  const marks = within.map((ageMs) => {
    const y = PLOT.bottom - height(PLOT, shareAt(survival, ageMs), 1);
    return html`<circle class="poll" cx=${at(ageMs)} cy=${y} r="2.5" />`;
  });
  const ticks = AGE_TICKS_MS.filter((ageMs) => ageMs <= last).map(
    (ageMs) => html`<text class="tick" x=${at(ageMs)} y=${HEIGHT - 8} text-anchor="middle">${duration(ageMs)}</text>`,
  );
  const half = survival.find(({ share }) => share <= 0.5);
  const finals = half ? `half of all faxes are final within ${duration(half.ageMs)}` : 'few faxes are final';
  const ages = `${within.slice(0, 8).map(duration).join(', ')}${within.length > 8 ? '…' : ''}`;
  const summary = `${finals}; a fax that stays pending is polled at ${ages}`;
  const legend = html`<ul class="legend">
    <li><i class="survival"></i>share of faxes still pending at an age</li>
    <li><i class="poll"></i>a poll</li>
  </ul>`;
  const rows = within.slice(0, MOST_ROWS).map((ageMs) => [duration(ageMs), percent(shareAt(survival, ageMs))]);
  const table = tableOf(id, ['polled at the age of', 'still pending'], rows);
  const curve = html`<path class="survival" d=${`M${points}`} />`;
  return figureOf(id, title, summary, [yAxis(1, percent), ticks, curve, marks], html`${legend}${table}`);
}

function shareAt(survival: Durations['survival'], ageMs: number): number {
  const next = survival.findIndex((point) => point.ageMs >= ageMs);
  const [before, after] = [survival[next - 1], survival[next]];
  if (!before || !after) return (after ?? survival.at(-1))?.share ?? 0;
  return before.share + ((after.share - before.share) * (ageMs - before.ageMs)) / (after.ageMs - before.ageMs);
}

function figureOf(id: string, title: string, summary: string, drawing: Content[], below: Content): Content {
  return html`<figure class="card">
    <figcaption id=${`${id}-title`}>${title}</figcaption>
    <svg viewBox=${`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-labelledby=${`${id}-title ${id}-desc`}>
      <desc id=${`${id}-desc`}>${summary}</desc>
      ${drawing}
    </svg>
    ${below}
  </figure>`;
}

function yAxis(max: number, label: (value: number) => string): Content {
  return [0, max / 2, max].map((value) => {
    const y = PLOT.bottom - height(PLOT, value, max);
    return html`<path class="grid" d=${`M${PLOT.left} ${y}H${PLOT.right}`} /><text
        class="tick"
        x=${PLOT.left - 4}
        y=${y + 3}
        text-anchor="end"
        >${label(value)}</text
      >`;
  });
}

function axes(max: number, label: (value: number) => string, { counts, endAt, stepMs }: Series): Content {
  const from = startOf(endAt, stepMs) - (counts.length - 1) * stepMs;
  const to = startOf(endAt, stepMs);
  const first = dayOf(from) === dayOf(to) ? minuteTime(from) : `${dayOf(from)} ${minuteTime(from)}`;
  return [
    yAxis(max, label),
    html`<text class="tick" x=${PLOT.left} y=${HEIGHT - 8}>${first}</text>`,
    html`<text class="tick" x=${PLOT.right} y=${HEIGHT - 8} text-anchor="end">${minuteTime(to)} UTC</text>`,
  ];
}

/** Month and day. */
const dayOf = (at: number): string => new Date(at).toISOString().slice(5, 10);
const startOf = (at: number, stepMs: number): number => Math.floor(at / stepMs) * stepMs;
const seconds = (ms: number | undefined): number | undefined => (ms === undefined ? undefined : ms / 1_000);

type Row = readonly (string | number | undefined)[];

/** The newest rows that have anything in them. */
function rowsOf({ counts, endAt, stepMs }: Series, values: (count: Count) => (number | undefined)[]): Row[] {
  const last = startOf(endAt, stepMs);
  return counts
    .map((count, i) => ({ at: last - (counts.length - 1 - i) * stepMs, values: values(count) }))
    .filter((row) => row.values.some((value) => value !== undefined && value > 0))
    .slice(-MOST_ROWS)
    .reverse()
    .map((row) => [minuteTime(row.at), ...row.values.map((value) => (value === undefined ? '' : figure(value)))]);
}

function tableOf(id: string, names: readonly string[], rows: readonly Row[]): Content {
  if (rows.length === 0) return null;
  return html`<details id=${`${id}-table`}>
    <summary>In figures</summary>
    <div class="scroll" tabindex="0" role="region" aria-labelledby=${`${id}-title`}>
      <table>
        <thead>
          <tr>
            ${names.map((name) => html`<th scope="col">${name}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${rows.map(
            (row) =>
              html`<tr>
                ${row.map((value, i) => (i === 0 ? html`<th scope="row">${value}</th>` : html`<td>${value}</td>`))}
              </tr>`,
          )}
        </tbody>
      </table>
    </div>
  </details>`;
}
