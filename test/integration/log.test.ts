import { afterEach, expect, it } from '@jest/globals';
import { fateOf } from '../../src/simulator/fate.ts';
import { Harness } from '../support/harness.ts';
import { freePort } from '../support/redis-server.ts';
import { useRedis } from '../support/use-redis.ts';
import { CliProcess } from '../support/worker-process.ts';

const redis = useRedis();
let harness: Harness;

afterEach(() => harness.stop());

it.each(['info', 'debug'])(
  'the log at level %s: JSON, one line at a fax’s end, lines for each poll at debug only',
  async (level) => {
    harness = await Harness.start({ redisUrl: redis.url, run: false });
    harness.simulator.send(1, fateOf('sent', 600));
    const worker = new CliProcess(['worker'], {
      ...harness.env,
      LOG_LEVEL: level,
      CALLBACK_PORT: String(await freePort()),
      CALLBACK_SECRET: 'sixteen-or-more-characters',
    });
    await harness.enqueue(1);
    const { polls } = (await harness.event(1)).data;
    expect(await worker.exit('SIGTERM')).toBe(0);

    const lines = worker.lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines[0]).toMatchObject({
      level: 'info',
      msg: 'starting',
      version: expect.stringMatching(/^\d+\.\d+\.\d+/),
      rateLimit: { requests: 400, durationMs: 1000, headroom: 0.05 },
      pollIntervalMs: { min: 50, max: 200 },
      historySweep: 'off',
      callbackPort: expect.any(Number),
    });
    const end = lines.filter(({ msg }) => msg === 'fax finished');
    expect(end).toEqual([
      expect.objectContaining({
        faxJobId: 1,
        state: 'sent',
        reason: 'ok',
        polls,
        lagCeilingMs: expect.any(Number),
        requestId: expect.any(String),
      }),
    ]);
    const ids = harness.simulator.log.map(({ requestId }) => requestId);
    expect(ids.at(-1)).toBe(end[0]?.['requestId']);
    const others = lines.filter((line) => line['faxJobId'] === 1 && line !== end[0]);
    expect(others.map(({ requestId }) => requestId)).toEqual(level === 'debug' ? ids.slice(0, -1) : []);
  },
);
