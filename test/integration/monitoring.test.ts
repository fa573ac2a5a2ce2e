import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { parse, stringify } from 'yaml';
import { fateOf, type SimulatedAnswer } from '../../src/simulator/fate.ts';
import { Harness } from '../support/harness.ts';
import { HAS_PROMETHEUS } from '../support/prometheus.ts';
import { end, freePort } from '../support/redis-server.ts';
import { useRedis } from '../support/use-redis.ts';
import { ROOT } from '../support/worker-process.ts';

// What config/ gives Prometheus and Grafana, checked by their own tools and against what /metrics serves.

const PROMETHEUS = join(ROOT, 'config/prometheus');
const dashboardJson = readFileSync(join(ROOT, 'config/grafana/dashboards/faxwatch.json'), 'utf8');
type Target = { readonly expr: string };
const panels = (JSON.parse(dashboardJson) as { panels: { title: string; type: string; targets: Target[] }[] }).panels;
const panelQueries = panels.flatMap(({ targets }) =>
  targets.map(({ expr }) => expr.replaceAll('$__rate_interval', '1m').replaceAll('$account', '.*')),
);
const rules = (
  parse(readFileSync(join(PROMETHEUS, 'alerts.yml'), 'utf8')) as {
    groups: { rules: { alert: string; expr: string }[] }[];
  }
).groups.flatMap((group) => group.rules);
const withPrometheus = HAS_PROMETHEUS ? it : it.skip;

withPrometheus(
  'promtool finds configuration and rules right, and the rules raise what they should and nothing else',
  () => {
    for (const args of [
      ['check', 'config', join(PROMETHEUS, 'prometheus.yml')],
      ['test', 'rules', join(PROMETHEUS, 'alerts.test.yml')],
    ]) {
      const { status, stdout, stderr } = spawnSync('promtool', args, { encoding: 'utf8' });
      expect([status, stdout + stderr]).toEqual([0, expect.stringContaining('SUCCESS')]);
    }
  },
);

it('every alert stands in the runbook', () => {
  const runbook = readFileSync(join(ROOT, 'docs/operating.md'), 'utf8');
  for (const { alert } of rules) expect(runbook).toContain(`\`${alert}\``);
});

it('the account that is selected selects in all panels but those about processes', () => {
  const variables = (JSON.parse(dashboardJson) as { templating: { list: { name: string; allValue?: string }[] } })
    .templating.list;
  // A series without the label matches too: a service without accounts has no use of the selector, and no harm by it.
  expect(variables.find(({ name }) => name === 'account')?.allValue).toBe('.*');
  for (const { expr } of panels.flatMap(({ targets }) => targets)) {
    for (const [, metric, selected] of expr.matchAll(/\b(fax_\w+)(\{account=~"\$account"\})?/g)) {
      expect([expr, selected !== undefined]).toEqual([expr, !/^fax_(redis_up|process_)/.test(metric ?? '')]);
    }
  }
});

it('the dashboard is one by Grafana’s own types, its panels included', () => {
  const folder = mkdtempSync(join(tmpdir(), 'faxwatch-dashboard-'));
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  const panelTypes = [...new Set(panels.map(({ type }) => type))];
  const modules: Record<string, string> = {
    stat: 'stat/panelcfg/x/StatPanelCfg',
    timeseries: 'timeseries/panelcfg/x/TimeSeriesPanelCfg',
  };
  expect(Object.keys(modules)).toEqual(expect.arrayContaining(panelTypes));
  const source = [
    "import type { Dashboard, Panel } from '@grafana/schema';",
    ...panelTypes.map(
      (type) =>
        `import type { Options as ${type} } from '@grafana/schema/dist/esm/raw/composable/${modules[type]}_types.gen';`,
    ),
    // JSON has the values of string enums, not their names.
    'type Json<T> = T extends string ? `${T}` : T extends readonly (infer U)[] ? Json<U>[] : T extends object ? { [K in keyof T]: Json<T[K]> } : T;',
    `type OwnPanel = ${panelTypes.map((type) => `(Omit<Json<Panel>, 'options'> & { type: '${type}'; options: Json<${type}> })`).join(' | ')};`,
    `export default ${dashboardJson.trim()} satisfies Omit<Json<Dashboard>, 'panels'> & { panels: OwnPanel[] };`,
  ];
  const file = join(folder, 'dashboard.ts');
  writeFileSync(file, source.join('\n'));
  const tsc = spawnSync(
    process.execPath,
    [
      join(ROOT, 'node_modules/typescript/bin/tsc'),
      '--noEmit',
      '--strict',
      '--skipLibCheck',
      '--ignoreConfig',
      '--module',
      'nodenext',
      '--target',
      'es2024',
      file,
    ],
    { cwd: folder, encoding: 'utf8' },
  );
  expect(tsc.stdout).toBe('');
  expect(tsc.status).toBe(0);
});

describe('with the service running', () => {
  const redis = useRedis();
  let harness: Harness;
  let url: string;
  afterEach(() => harness.stop());

  /** A worker that has met whatever it counts. */
  async function start(): Promise<void> {
    harness = await Harness.start({
      redisUrl: redis.url,
      run: false,
      env: { DASHBOARD_PORT: String(await freePort()), LOW_BALANCE_THRESHOLD: '5' },
    });
    url = (await harness.run({ worker: true, board: false })).address ?? '';
    const odd: SimulatedAnswer = {
      body: { status: 'success', message: 'Fax Was Passed To Carrier', user_cash_balance: 1 },
    };
    for (const [id, first] of [
      [1, odd],
      [2, { code: 500 }],
      [3, { code: 403, headers: { 'retry-after': '1' } }],
      [4, { code: 404 }],
    ] as const) {
      harness.simulator.send(id, { first: [first], then: fateOf('busy', 0).then });
      await harness.enqueue(id);
    }
    await harness.enqueue('not an id');
    for (const id of [1, 2, 3, 4]) await harness.event(id);
  }

  it('every metric that dashboard and rules name is one that /metrics serves', async () => {
    await start();
    const served = await (await fetch(`${url}/metrics`)).text();
    const names = new Set([...served.matchAll(/^(\w+)(?:\{| )/gm)].map(([, name]) => name));
    const named = [
      ...new Set([...panelQueries, ...rules.map(({ expr }) => expr)].flatMap((expr) => expr.match(/\bfax_\w+/g) ?? [])),
    ];
    expect(named.length).toBeGreaterThan(15);
    expect(named.filter((name) => !names.has(name))).toEqual([]);
  });

  withPrometheus('promtool finds nothing wrong with the metrics', async () => {
    await start();
    const served = await (await fetch(`${url}/metrics`)).text();
    const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { encoding: 'utf8', input: served });
    expect([status, stdout + stderr]).toEqual([0, '']);
  });

  withPrometheus('a real Prometheus scrapes it, and every panel has data', async () => {
    await start();
    const folder = mkdtempSync(join(tmpdir(), 'faxwatch-prometheus-'));
    const config = {
      global: { scrape_interval: '1s', evaluation_interval: '1s' },
      rule_files: [join(PROMETHEUS, 'alerts.yml')],
      scrape_configs: [{ job_name: 'faxwatch', static_configs: [{ targets: [new URL(url).host] }] }],
    };
    writeFileSync(join(folder, 'prometheus.yml'), stringify(config));
    const port = await freePort();
    const prometheus = spawn(
      'prometheus',
      [
        `--config.file=${folder}/prometheus.yml`,
        `--storage.tsdb.path=${folder}/data`,
        `--web.listen-address=127.0.0.1:${port}`,
      ],
      { stdio: 'ignore' },
    );
    try {
      const ask = async <T>(path: string): Promise<T | undefined> => {
        const response = await fetch(`http://127.0.0.1:${port}/api/v1/${path}`).catch(() => undefined); // it may not listen yet
        return response?.ok ? ((await response.json()) as { data: T }).data : undefined;
      };
      for (const expr of panelQueries) {
        await harness.untilAsync(async () => {
          const data = await ask<{ result: unknown[] }>(`query?query=${encodeURIComponent(expr)}`);
          return data && data.result.length > 0 ? data : undefined;
        });
      }
      const evaluated = await ask<{ groups: { rules: { name: string; health: string; state: string }[] }[] }>('rules');
      const states = evaluated?.groups.flatMap((group) => group.rules) ?? [];
      expect(states.map(({ health }) => health)).toEqual(rules.map(() => 'ok'));
      expect(states.find(({ name }) => name === 'FaxNoProcess')?.state).toBe('inactive');
    } finally {
      await end(prometheus);
    }
  });
});
