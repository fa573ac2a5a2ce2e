import type { Telemetry } from 'bullmq';
import type { Log } from './log/log.ts';

/**
 * OpenTelemetry traces of this process's jobs: one span for each visit of a job, within the producer's trace if it has
 * one.
 */
export type Tracing = {
  /** For BullMQ's `telemetry` option. */
  readonly telemetry: Telemetry;
  /** Sends what is still to be sent. */
  close(): Promise<void>;
};

/**
 * Starts tracing. It is process-wide, as OpenTelemetry's API is.
 *
 * @param endpoint base URL of an OTLP/HTTP collector, such as `http://127.0.0.1:4318`; headers and the like come from
 *   OpenTelemetry's own variables
 */
export async function startTracing(endpoint: string, log: Log): Promise<Tracing> {
  // Loaded here, as most services run without.
  const [
    { context, diag, propagation, trace, DiagLogLevel },
    { AsyncLocalStorageContextManager },
    { W3CTraceContextPropagator },
  ] = await Promise.all([
    import('@opentelemetry/api'),
    import('@opentelemetry/context-async-hooks'),
    import('@opentelemetry/core'),
  ]);
  const [
    { BatchSpanProcessor, TracerProvider },
    { OTLPTraceExporter },
    { defaultResource, resourceFromAttributes },
    { BullMQOtel },
  ] = await Promise.all([
    import('@opentelemetry/sdk-trace'),
    import('@opentelemetry/exporter-trace-otlp-http'),
    import('@opentelemetry/resources'),
    import('bullmq-otel'),
  ]);
  const say = (message: string): void => log.warn({ reason: message }, 'tracing');
  const quiet = (): void => undefined;
  diag.setLogger({ error: say, warn: say, info: quiet, debug: quiet, verbose: quiet }, DiagLogLevel.WARN);
  const provider = new TracerProvider({
    resource: defaultResource().merge(
      resourceFromAttributes({ 'service.name': process.env['OTEL_SERVICE_NAME'] ?? 'faxwatch' }),
    ),
    spanProcessors: [
      new BatchSpanProcessor({ exporter: new OTLPTraceExporter({ url: `${endpoint.replace(/\/+$/, '')}/v1/traces` }) }),
    ],
    // BullMQ writes a job's result into an event of its span: its metadata is the producer's, and may name patients.
    spanLimits: { attributePerEventCountLimit: 0 },
  });
  trace.setGlobalTracerProvider(provider);
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  return { telemetry: new BullMQOtel({ tracerName: 'faxwatch' }), close: async () => provider.shutdown() };
}
