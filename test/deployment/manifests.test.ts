import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { Deployment } from 'kubernetes-models/apps/v1';
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1';
import { ConfigMap, Secret, Service } from 'kubernetes-models/v1';
import { ServiceMonitor } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1';
import { parse, parseAllDocuments } from 'yaml';
import { SETTING_NAMES } from '../../src/settings/table.ts';
import { loadSettings } from '../../src/settings/load.ts';
import { ROOT } from '../support/worker-process.ts';

type Manifest = { kind: string; metadata: { name: string }; data?: Record<string, string>; spec?: Pods };
type Pods = { template?: { spec: { containers: Container[]; terminationGracePeriodSeconds?: number } } };
type Container = { env?: { name: string }[]; envFrom?: unknown[] };

const read = (...path: string[]): string => readFileSync(join(ROOT, ...path), 'utf8');
const manifests = ['faxwatch.yaml', 'service-monitor.yaml'].flatMap((name) =>
  parseAllDocuments(read('config', 'kubernetes', name)).map((document) => document.toJS() as Manifest),
);
const MODELS: Record<string, new (manifest: never) => { validate(): void }> = {
  ConfigMap,
  Deployment,
  PodDisruptionBudget,
  Secret,
  Service,
  ServiceMonitor,
};

describe('the Kubernetes manifests', () => {
  it.each(manifests.map((manifest) => [manifest.kind, manifest.metadata.name, manifest] as const))(
    '%s %s is valid by the published schema',
    (kind, _name, manifest) => {
      const Model = MODELS[kind];
      if (!Model) throw new Error(`no schema for ${kind}`);
      expect(() => new Model(manifest as never).validate()).not.toThrow();
    },
  );

  it('are checked: a field that the schema does not have is found', () => {
    const [deployment] = structuredClone(manifests.filter(({ kind }) => kind === 'Deployment'));
    Object.assign(deployment?.spec ?? {}, { replicas: 'two' });
    expect(() => new Deployment(deployment as never).validate()).toThrow(/replicas/);
  });

  it('set only settings that there are, to values that are taken', () => {
    const { data = {} } = manifests.find(({ kind }) => kind === 'ConfigMap') ?? {};
    const containers = manifests.flatMap(({ spec }) => spec?.template?.spec.containers ?? []);
    const names = [...Object.keys(data), ...containers.flatMap(({ env = [] }) => env.map(({ name }) => name))];
    expect(names.filter((name) => !(SETTING_NAMES as readonly string[]).includes(name))).toEqual([]);
    expect(() => loadSettings({ ...data, FAX_API_KEY: 'some-key' }, true)).not.toThrow();
  });

  it('give a worker more time to end than it takes', () => {
    const worker = manifests.find(({ metadata }) => metadata.name === 'faxwatch-worker');
    const seconds = worker?.spec?.template?.spec.terminationGracePeriodSeconds ?? 0;
    expect(seconds * 1000).toBeGreaterThan(loadSettings({}, false).SHUTDOWN_TIMEOUT_MS);
  });
});

it('Compose passes every setting of .env to the services, and no key to the dashboard', () => {
  const { services } = parse(read('docker-compose.yml'), { merge: true }) as {
    services: Record<string, { env_file?: string[]; environment?: Record<string, string> }>;
  };
  for (const service of [services['worker'], services['dashboard']]) {
    expect(service?.env_file).toEqual(['.env']);
    // What Compose sets itself hides the same name in .env, unless it takes it from there.
    const hidden = Object.entries(service?.environment ?? {}).filter(([name, value]) => !value.includes(`\${${name}`));
    expect(
      hidden.map(([name]) => name).filter((name) => !/^(DASHBOARD_(HOST|PORT)|.*_KEY|.*_SECRET)$/.test(name)),
    ).toEqual([]);
  }
  expect(services['dashboard']?.environment).toMatchObject({ FAX_API_KEY: '', CALLBACK_SECRET: '' });
});

it('the alerts of Prometheus go to Alertmanager, and the receivers that its routes name are there', () => {
  type Route = { receiver: string; routes?: Route[] };
  const { route, receivers } = parse(read('config', 'alertmanager', 'alertmanager.yml')) as {
    route: Route;
    receivers: { name: string }[];
  };
  const named = [route, ...(route.routes ?? [])].map(({ receiver }) => receiver);
  const known = receivers.map(({ name }) => name);
  expect(named.filter((name) => !known.includes(name))).toEqual([]);
  const { alerting } = parse(read('config', 'prometheus', 'prometheus.yml')) as { alerting: unknown };
  expect(JSON.stringify(alerting)).toContain('alertmanager:9093');
});
