import { describe, expect, it } from '@jest/globals';
import { SETTING_NAMES } from '../../src/settings/table.ts';
import { settingsWarnings } from '../../src/settings/warnings.ts';

describe('a warning', () => {
  it.each([
    ['RATE_LIMT_MAX', 'RATE_LIMIT_MAX'],
    ['FAX_APIKEY', 'FAX_API_KEY'],
    ['REDIS_URI', 'REDIS_URL'],
    ['LOG_LEVLE', 'LOG_LEVEL'],
    ['DASHBOARD_PASWORT', 'DASHBOARD_PASSWORD'],
    ['POLL_MIN_INTERVALL_MS', 'POLL_MIN_INTERVAL_MS'],
  ])('names %s, a misspelt %s, and not its value', (name, meant) => {
    expect(settingsWarnings({ [name]: 'hush' })).toEqual([`${name}: no such setting; did you mean ${meant}?`]);
  });

  it('says that NODE_ENV has no file', () => {
    expect(settingsWarnings({ NODE_ENV: 'hush' })).toEqual([expect.stringMatching(/^NODE_ENV: (?!.*hush)/)]);
    expect(settingsWarnings({ NODE_ENV: '../test' })).toHaveLength(1);
  });

  it('is for nothing in a usual environment', () => {
    const names = [
      ...['PATH', 'HOME', 'USER', 'PWD', 'LANG', 'SHELL', 'TERM', 'HOSTNAME', 'TZ', 'NODE_OPTIONS', 'CI', 'PORT'],
      ...['npm_config_cache', 'npm_package_name', 'npm_lifecycle_event', 'INIT_CWD', 'NO_COLOR'],
      ...['REDIS_PASSWORD', 'REDIS_HOST', 'REDIS_PORT', 'REDIS_TLS', 'REDIS_SSL', 'REDIS_DB', 'REDIS_TLS_URL'],
      ...['GRAFANA_PASSWORD', 'OTEL_SERVICE_NAME', 'OTEL_EXPORTER_OTLP_HEADERS', 'OTEL_EXPORTER_OTLP_PROTOCOL'],
      ...['KUBERNETES_SERVICE_HOST', 'REDIS_SERVICE_PORT', 'DATABASE_URL', 'API_KEY'],
    ];
    expect(settingsWarnings(Object.fromEntries(names.map((name) => [name, 'x'])))).toEqual([]);
    for (const name of SETTING_NAMES) expect(settingsWarnings({ [name]: 'x' })).toEqual([]);
    for (const NODE_ENV of ['', 'test', 'production']) expect(settingsWarnings({ NODE_ENV })).toEqual([]);
    expect(settingsWarnings({ RATE_LIMT_MAX: '' })).toEqual([]); // unset
  });
});
