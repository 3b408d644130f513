import { expect, test } from '@jest/globals'
import { jetstreamManager } from '@nats-io/jetstream'
import type { Msg } from '@nats-io/transport-node'
import { resolveOptions } from '../src/options.js'
import { streamConfig } from '../src/stream-config.js'
import { Subjects } from '../src/subjects.js'
import type { Nodes } from './nodes.js'
import { Received } from './received.js'
import { sharedBroker } from './shared-broker.js'
import { until } from './until.js'

const broker = sharedBroker()

/**
 * Creates a stream that does not acknowledge publishes, and answers in its place, as a server of a cluster does to a duplicate
 * whose original is not yet replicated.
 */
async function answerFor(nodes: Nodes, answer: (message: Msg) => object): Promise<void> {
  const connection = await nodes.connect()
  const { streams } = await jetstreamManager(connection)
  const prefix = nodes.stream.toLowerCase()
  const config = streamConfig(resolveOptions({ connection, stream: nodes.stream }), new Subjects(prefix))
  await streams.add({ ...config, no_ack: true })
  connection.subscribe(`${prefix}.>`, {
    callback: (_error, message) => {
      message.respond(JSON.stringify({ stream: nodes.stream, ...answer(message) }))
    },
  })
  await connection.flush()
}

const NOT_ENDED = { error: { err_code: 10_071, description: 'wrong last sequence: 0' } }

test.each([
  ['with the sequence 0, as older servers do', { seq: 0, duplicate: true }],
  ['by an error', { error: { err_code: 10_158, description: 'duplicate message id is in process' } }],
])('a publish whose event is still being stored, as reported %s, resolves only once it is', async (_how, inProcess) => {
  const nodes = broker.nodes()
  let isStored = false
  let count = 0
  await answerFor(nodes, ({ headers }) => {
    if (headers?.has('Nats-Msg-Id') !== true) return NOT_ENDED
    count += 1
    return isStored ? { seq: 1, duplicate: true } : inProcess
  })
  const node = await nodes.backplane({ timeoutMs: 1_000 })
  const outcome = node.publish('news', { event: { data: 1 } })
  await until(
    () => count > 2,
    () => 'a repeated publish',
  )
  isStored = true
  const id = await outcome
  expect((await Received.of(node, 'news')).ids).toEqual([id])

  isStored = false
  await expect(node.publish('news', { end: true })).rejects.toMatchObject({ code: 'ERR_SSE_BACKPLANE' })
  await expect(node.publish('news', { event: { data: 2 } })).rejects.toMatchObject({ code: 'ERR_SSE_BACKPLANE' })
})
