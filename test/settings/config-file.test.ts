import { describe, expect, it } from '@jest/globals';
import { checkSettings } from '../../src/settings/load.ts';
import { parseConfigFile } from '../../src/settings/config-file.ts';
import { SETTING_NAMES, SETTINGS } from '../../src/settings/table.ts';

describe('a file of settings', () => {
  it('gives those that there are, and names each that there is not', () => {
    expect(parseConfigFile('config/x.json', '{ "RATE_LIMIT_MAX": 5, "RATE_LIMT_MAX": 6, "constructor": 7 }')).toEqual({
      values: { RATE_LIMIT_MAX: 5 },
      problems: ['RATE_LIMT_MAX: no such setting (config/x.json)', 'constructor: no such setting (config/x.json)'],
    });
  });

  it.each(['[]', 'null', '5', '{', ''])('must be a JSON object, not %s', (content) => {
    expect(parseConfigFile('config/x.json', content)).toEqual({
      values: {},
      problems: ['config/x.json: must be a JSON object'],
    });
  });

  it.each(SETTING_NAMES)('gives %s no object for a value', (name) => {
    const { values, problems } = parseConfigFile('config/x.json', JSON.stringify({ [name]: { a: 1 } }));
    expect(problems).toEqual([]); // the one line about it comes from the check of the value
    expect(SETTINGS[name].read(values[name])).toBeUndefined();
  });

  it('is reported as wrong together with the variables', () => {
    const env = { NODE_ENV: 'classification', FAX_API_KEY: 'k', RATE_LIMIT_MAX: 'many' }; // a list
    expect(checkSettings(env, true).problems).toEqual([
      'config/classification.json: must be a JSON object',
      expect.stringMatching(/^RATE_LIMIT_MAX: /),
    ]);
  });
});
