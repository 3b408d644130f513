import { setTimeout as sleep } from 'node:timers/promises'
import Router from '@koa/router'
import { type SseChannel, type SseEvent, SseManager, sse } from '@ssekit/koa-sse'
import Koa from 'koa'

const steps = ['build', 'test', 'upload', 'switch']

// #region deploy
// Clients choose the ids, so the number of channels is bounded. Every step is kept for an hour (by default, five minutes).
const deploys = new SseManager({ maxChannels: 1_000, history: { maxAgeMs: 60 * 60_000 } })

const app = new Koa()
const router = new Router()
app.use(sse({ manager: deploys })).use(router.routes())

async function* run(): AsyncGenerator<SseEvent> {
  for (const [index, name] of steps.entries()) {
    yield { event: 'progress', data: { step: name, status: 'done', progress: (100 * (index + 1)) / steps.length } }
    await sleep(1_000)
  }
}

async function deploy(channel: SseChannel): Promise<void> {
  await channel.pipeFrom(run())
  // Every stream ends after this. A client that reconnects then gets 204, which stops an EventSource.
  await channel.end({ event: 'done', data: { status: 'complete' } })
}

router.post('/deploy/:id', (ctx) => {
  const name = `deploy:${ctx.params.id}`
  // A channel that has ended accepts no more events, and one that has not belongs to another deploy.
  if (deploys.has(name)) return ctx.throw(409, 'this deploy was started before')
  // Not awaited, and an unhandled rejection would end the process.
  deploy(deploys.getOrCreate(name)).catch((error) => ctx.app.emit('error', error, ctx))
  ctx.status = 202
})

router.get('/deploy/:id/progress', (ctx) => {
  const channel = deploys.get(`deploy:${ctx.params.id}`)
  if (channel === undefined) return ctx.throw(404, 'no such deploy')
  // A new client gets all steps from the first; one that reconnects gets those that it missed.
  return ctx.sse(channel, { rewind: Number.POSITIVE_INFINITY })
})

// #endregion deploy

export { app, deploys }
