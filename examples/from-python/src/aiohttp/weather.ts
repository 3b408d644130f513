import { setTimeout as sleep } from 'node:timers/promises'
import { SseChannel, type SseEvent, sse } from '@ssekit/fastify-sse'
import Fastify from 'fastify'

const uniform = (min: number, max: number): number => Number((min + (max - min) * Math.random()).toFixed(2))

const app = Fastify()
await app.register(sse)

// #region weather
const weather = new SseChannel('weather')
app.get('/events', (_request, reply) => reply.sse(weather))

async function* generateWeather(signal: AbortSignal): AsyncGenerator<SseEvent> {
  while (!signal.aborted) {
    yield { data: { temperature: uniform(20, 30), humidity: uniform(30, 60) } }
    await sleep(5_000, undefined, { signal }).catch(() => {})
  }
}

const stopping = new AbortController()
let weatherTask: Promise<void> | undefined

app.addHook('onReady', async () => {
  weatherTask = weather.pipeFrom(generateWeather(stopping.signal))
})

app.addHook('onClose', async () => {
  stopping.abort()
  await weatherTask
})
// #endregion weather

const isRunning = async (): Promise<boolean> => Promise.race([weatherTask?.then(() => false) ?? false, sleep(0, true)])

export { app, isRunning, weather }
