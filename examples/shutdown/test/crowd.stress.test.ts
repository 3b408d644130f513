import { spawnSync } from 'node:child_process'
import { expect, jest, test } from '@jest/globals'
import type { RawClient } from '@ssekit/sse-testkit'
import type { Role } from './inside.mjs'
import { RunningRecipe } from './running-recipe.js'

// Thousands of connections, and then the grace period of the recipes.
jest.setTimeout(120_000)

const isFull = process.env.SSEKIT_STRESS === 'full'
const readerCount = isFull ? 5_000 : 300
const stalledCount = 20
/** How many connect at once: fewer than the listen queue of a server holds, or the kernel might drop some. */
const BATCH = 100
/** The `graceMs` of the recipes. */
const GRACE_MS = 5_000
const recipes = ['http', 'express', 'fastify', 'koa']

// All wait out the same grace period, so they run at once, unless that would take too many connections.
const each = isFull ? test.each(recipes) : test.concurrent.each(recipes)
const together = isFull ? 1 : recipes.length

each(
  'the %s recipe ends many streams, and disconnects clients that do not read after the grace period',
  async (name) => {
    const recipe = await RunningRecipe.start(name)
    requireOpenFiles(together * (readerCount + stalledCount) + 500)
    const readers = await crowd(recipe, readerCount, 'reads')
    const stalled = await crowd(recipe, stalledCount, 'stalls')
    for (const client of stalled) client.pause()
    // Never sends a request.
    await recipe.connect()
    recipe.tell('fill')
    await recipe.reported('full')

    const terminatedAtMs = recipe.terminate()
    const ends = await Promise.all(readers.map((reader) => reader.whole()))
    expect(new Set(ends.map(({ events }) => events.at(-1)?.data))).toEqual(new Set(['restarting']))
    const retries = new Set(ends.map((end) => end.retries.at(-1) ?? 0))
    expect(Math.min(...retries)).toBeGreaterThanOrEqual(1_000)
    expect(Math.max(...retries)).toBeLessThanOrEqual(10_000)
    // There are 9 001 possible values, so some are equal.
    expect(retries.size).toBeGreaterThan(readerCount / 2)

    expect(await recipe.exited).toEqual({ code: 0, signal: null, stdout: 'stopped\n', stderr: '' })
    const closed = recipe.all('stalled-closed')
    expect(closed.map(({ openReaders }) => openReaders)).toEqual(stalled.map(() => 0))
    // Node's timers count whole milliseconds.
    for (const { atMs } of closed) expect(atMs - terminatedAtMs).toBeGreaterThan(GRACE_MS - 1)
    for (const client of stalled) {
      client.resume()
      await client.closed
      expect(client.responses[0]?.isComplete).toBe(false)
    }
  },
)

/** Clients that have received the response headers of their streams. */
async function crowd(recipe: RunningRecipe, size: number, role: Role): Promise<RawClient[]> {
  const clients: RawClient[] = []
  while (clients.length < size) {
    const batch = Array.from({ length: Math.min(BATCH, size - clients.length) }, () => recipe.ask('/events', role))
    for (const client of await Promise.all(batch)) {
      await client.response()
      clients.push(client)
    }
  }
  return clients
}

/** Fails if the machine allows fewer open files; a test does not raise the limit. */
function requireOpenFiles(count: number): void {
  const allowed = spawnSync('sh', ['-c', 'ulimit -n'], { encoding: 'utf8' }).stdout.trim()
  if (Number(allowed) < count) throw new Error(`this needs ${count} open files; \`ulimit -n\` says ${allowed}`)
}
