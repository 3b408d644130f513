import { setTimeout as sleep } from 'node:timers/promises'
import { merge, type SseEvent, sse } from '@ssekit/fastify-sse'
import Fastify from 'fastify'

const app = Fastify()
await app.register(sse)

const uniform = (min: number, max: number): number => min + (max - min) * Math.random()

// #region sensors
async function* generateTemperature(signal: AbortSignal): AsyncGenerator<SseEvent> {
  for (;;) {
    yield { event: 'temperature', data: uniform(20, 30) }
    await sleep(2_000, undefined, { signal })
  }
}

async function* generateHumidity(signal: AbortSignal): AsyncGenerator<SseEvent> {
  for (;;) {
    yield { event: 'humidity', data: uniform(30, 60) }
    await sleep(3_000, undefined, { signal })
  }
}

// Each value is sent when it comes: the temperature does not wait for the humidity.
app.get('/events', (_request, reply) =>
  reply.sse(({ signal }) => merge(generateTemperature(signal), generateHumidity(signal))),
)

// #endregion sensors

export { app }
