import type { Row } from './lag.ts';

const COLOURS: Record<Row['system'], string> = {
  faxwatch: '#1b7f5c',
  history: '#5fb894',
  callback: '#8fd3b6',
  exponential: '#b5483a',
  fixed: '#c9963c',
};
const LABELS: Record<Row['system'], string> = {
  faxwatch: 'Faxwatch',
  history: 'Faxwatch + history',
  callback: 'Faxwatch + callback',
  exponential: 'exponential backoff',
  fixed: 'fixed backoff',
};
/** How many polls per fax the limit allows. */
const REGIMES: Readonly<Record<string, string>> = {
  scarce: '2 polls per fax',
  middle: '4 polls per fax',
  ample: '8 polls per fax',
};
const [WIDTH, LEFT, TOP, BASE, WIDEST_BAR, GAP] = [720, 60, 50, 290, 54, 6];
const [LEGEND_COLUMNS, LEGEND_WIDTH, LEGEND_HEIGHT] = [3, 200, 20];

/** Bars: mean lag as a multiple of the optimum, by regime and system. */
export function lagChart(rows: readonly Row[]): string {
  const most = Math.max(2, ...rows.map(({ ratio }) => ratio));
  const y = (ratio: number): number => BASE - (ratio / most) * (BASE - TOP);
  const regimes = [...new Set(rows.map(({ regime }) => regime))];
  const systems = (Object.keys(LABELS) as Row['system'][]).filter((name) => rows.some(({ system }) => system === name));
  const height = BASE + 30 + LEGEND_HEIGHT * Math.ceil(systems.length / LEGEND_COLUMNS);
  const group = (WIDTH - LEFT - 20) / regimes.length;
  const bar = Math.min(WIDEST_BAR, (group - 25) / systems.length - GAP);
  const bars = rows.map((row) => {
    const peers = rows.filter(({ regime }) => regime === row.regime);
    const x = LEFT + regimes.indexOf(row.regime) * group + 15 + peers.indexOf(row) * (bar + GAP);
    return `<rect x="${x}" y="${y(row.ratio).toFixed(1)}" width="${bar.toFixed(1)}" height="${(BASE - y(row.ratio)).toFixed(1)}" fill="${COLOURS[row.system]}"/>
<text x="${x + bar / 2}" y="${(y(row.ratio) - 5).toFixed(1)}" text-anchor="middle">${row.ratio.toFixed(2)}</text>`;
  });
  const names = regimes.map(
    (regime, i) =>
      `<text x="${LEFT + i * group + group / 2 - 10}" y="${BASE + 20}" text-anchor="middle">${REGIMES[regime] ?? regime}</text>`,
  );
  const legend = systems.map((system, i) => {
    const x = LEFT + (i % LEGEND_COLUMNS) * LEGEND_WIDTH;
    const top = BASE + 30 + LEGEND_HEIGHT * Math.floor(i / LEGEND_COLUMNS);
    return `<rect x="${x}" y="${top}" width="12" height="12" fill="${COLOURS[system]}"/><text x="${x + 18}" y="${top + 10}">${LABELS[system]}</text>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="13">
<rect width="${WIDTH}" height="${height}" fill="#fff"/>
<text x="${LEFT}" y="24" font-size="16">Mean time from finished to found, as a multiple of the optimum</text>
<line x1="${LEFT}" x2="${WIDTH - 20}" y1="${y(1)}" y2="${y(1)}" stroke="#444" stroke-dasharray="4 3"/><text x="${LEFT - 8}" y="${y(1) + 4}" text-anchor="end">1</text>
<line x1="${LEFT}" x2="${WIDTH - 20}" y1="${BASE}" y2="${BASE}" stroke="#444"/>
${[...bars, ...names, ...legend].join('\n')}
</svg>
`;
}
