import { expect, test } from '@jest/globals'
import { jetstreamManager } from '@nats-io/jetstream'
import type { Msg } from '@nats-io/transport-node'
import type { Nodes } from './nodes.js'
import { Received } from './received.js'
import { sharedBroker } from './shared-broker.js'
import { until } from './until.js'

const broker = sharedBroker()

/**
 * Answers publishes in place of the stream, as a server of a cluster does to a duplicate whose original is not yet
 * replicated. The returned function turns the stream's own acknowledgements on and off.
 */
async function answerFor(
  nodes: Nodes,
  answer: (message: Msg) => object,
): Promise<(isSilent: boolean) => Promise<void>> {
  const connection = await nodes.connect()
  const { streams } = await jetstreamManager(connection)
  let isSilent = false
  connection.subscribe(`${nodes.stream.toLowerCase()}.>`, {
    callback: (_error, message) => {
      if (isSilent) message.respond(JSON.stringify({ stream: nodes.stream, ...answer(message) }))
    },
  })
  await connection.flush()
  return async (to) => {
    isSilent = to
    await streams.update(nodes.stream, { no_ack: to })
  }
}

const NOT_ENDED = { error: { err_code: 10_071, description: 'wrong last sequence: 0' } }

test.each([
  ['with the sequence 0, as older servers do', { seq: 0, duplicate: true }],
  ['by an error', { error: { err_code: 10_158, description: 'duplicate message id is in process' } }],
])('a publish whose event is still being stored, as reported %s, resolves only once it is', async (_how, inProcess) => {
  const nodes = broker.nodes()
  let isStored = false
  let count = 0
  const silence = await answerFor(nodes, ({ headers }) => {
    if (headers?.has('Nats-Msg-Id') !== true) return NOT_ENDED
    count += 1
    return isStored ? { seq: 2, duplicate: true } : inProcess
  })
  // It accepts no stream with `no_ack`, so it has to have looked before, and not to look again.
  const node = await nodes.backplane({ timeoutMs: 1_000, compareMs: 0 })
  const before = await node.publish('news', { event: { data: 'before' } })
  await silence(true)
  const outcome = node.publish('news', { event: { data: 1 } })
  await until(
    () => count > 2,
    () => 'a repeated publish',
  )
  isStored = true
  const id = await outcome
  await silence(false)
  expect((await Received.of(node, 'news')).ids).toEqual([before, id])

  isStored = false
  await silence(true)
  const late = [node.publish('news', { event: { data: 2 } }), node.publish('news', { end: true })]
  for (const { status, reason } of (await Promise.allSettled(late)) as PromiseRejectedResult[]) {
    expect([status, reason.code]).toEqual(['rejected', 'ERR_SSE_BACKPLANE'])
  }
})
