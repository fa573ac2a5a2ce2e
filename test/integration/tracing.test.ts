import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { afterEach, expect, it } from '@jest/globals';
import { fateOf } from '../../src/simulator/fate.ts';
import { Harness, TEST_KEY } from '../support/harness.ts';
import { useRedis } from '../support/use-redis.ts';

const redis = useRedis();
let harness: Harness;
let collector: Server;

type OtlpSpan = { readonly name: string; readonly traceId: string; readonly parentSpanId?: string };
type OtlpTraces = {
  readonly resourceSpans: { readonly resource: unknown; readonly scopeSpans: { readonly spans: OtlpSpan[] }[] }[];
};

afterEach(async () => {
  await harness.stop();
  collector.close();
});

it('sends a span for each visit of a job to the collector, in the producer’s trace, without metadata and key', async () => {
  const received: OtlpTraces[] = [];
  collector = createServer((request, response) => {
    json(request).then(
      (traces) => {
        received.push(traces as OtlpTraces);
        response.end('{}');
      },
      () => response.destroy(),
    );
  }).listen(0, '127.0.0.1');
  await once(collector, 'listening');
  const { port } = collector.address() as AddressInfo;
  harness = await Harness.start({
    redisUrl: redis.url,
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}/` },
  });
  harness.simulator.send(1, fateOf('sent', 300));

  // What a producer's own BullMQ telemetry puts into a job: https://www.w3.org/TR/trace-context/
  const [traceId, spanId] = ['4bf92f3577b34da6a3ce929d0e0e4736', '00f067aa0ba902b7'];
  const telemetry = { metadata: JSON.stringify({ traceparent: `00-${traceId}-${spanId}-01` }) };
  await harness.enqueue(1, { data: { metadata: { patient: 'Smith' } }, opts: { telemetry } });
  const { data } = await harness.event(1);
  await harness.close();

  const spans = received.flatMap(({ resourceSpans }) =>
    resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans: some }) => some)),
  );
  const visits = spans.filter(({ name }) => name === `process ${harness.settings.QUEUE_NAME}`);
  expect(visits.length).toBeGreaterThanOrEqual(data.polls);
  for (const visit of visits) expect(visit).toMatchObject({ traceId, parentSpanId: spanId });
  const all = JSON.stringify(received);
  expect(all).toContain('"stringValue":"faxwatch"');
  expect(all).not.toContain('Smith');
  expect(all).not.toContain(TEST_KEY);
});
