/**
 * The layout of src/ as rules: nothing imports from a floor above its own, nothing imports in a circle, and what decides
 * knows neither Redis nor the clock. Part of `npm run lint`.
 */

/** From the ground up. Folders of one floor do not know each other. */
const FLOORS = [
  ['contract', 'timing'],
  ['settings', 'log'],
  ['redis', 'fax-api', 'simulator'],
  ['alerts', 'client'],
  ['limit'],
  ['schedule'],
  ['hints'],
  ['polling'],
  ['overview'],
  ['dashboard', 'callback'],
  ['tracing.ts', 'account.ts'],
  ['accounts'],
  ['main.ts', 'index.ts'],
  ['cli'],
  ['cli.ts'],
];
const place = (name) => `src/${name.replace('.', '\\.')}(/|$)`;
const named = (names) => `^(${names.map(place).join('|')})`;

/** Pure: their answers depend on their arguments alone. */
const DECIDING = [
  'fax-api/(classify|wording|own-words|rate-headers|fault-words)',
  'limit/(pace|hold-time|outage|refusal-scope|not-found)',
  'schedule/(life-table|worth|choose|durations|fault-backoff)',
  'hints/(hint|follow-up|words|page-map|history-view|history-trust)',
  'polling/(step|counts)',
  'overview/(day-counts|poll-ages|words|judge|judge-accounts|rule|next-poll|scales)',
];

const floors = FLOORS.flatMap((names, floor) =>
  names.map((name) => ({
    name: `floor of ${name}`,
    severity: 'error',
    from: { path: `^${place(name)}` },
    to: { path: named(FLOORS.slice(floor).flat()), pathNot: `^${place(name)}` },
  })),
);

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    { name: 'no circle', severity: 'error', from: {}, to: { circular: true } },
    ...floors,
    {
      name: 'the contract stands on zod alone',
      severity: 'error',
      from: { path: '^src/contract/' },
      to: { pathNot: '^(src/contract/|node_modules/zod/)' },
    },
    {
      name: 'what decides knows no Redis and no clock',
      severity: 'error',
      from: { path: `^src/(${DECIDING.join('|')})\\.ts$` },
      to: { path: '^(src/redis/|node_modules/(ioredis|bullmq|got|undici|pino)/)' },
    },
    {
      name: 'what decides knows no Node',
      severity: 'error',
      from: { path: `^src/(${DECIDING.join('|')})\\.ts$` },
      to: { dependencyTypes: ['core'] },
    },
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
  },
};
