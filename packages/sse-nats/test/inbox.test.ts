import { expect, jest, test } from '@jest/globals'
import { errors, headers, type Subscription } from '@nats-io/transport-node'
import { Inbox } from '../src/inbox.js'
import { sharedBroker } from './shared-broker.js'

const broker = sharedBroker()

const onSilence = jest.fn()
const onStray = jest.fn()

test('Inbox repeats an unanswered ask() but no post(), and ignores late replies', async () => {
  const connection = await broker.nodes().connect()
  const asked: string[] = []
  const times = (question: string): number => asked.filter((subject) => subject === question).length
  const answerer = connection.subscribe('questions.*', {
    callback: (_error, question) => {
      asked.push(question.subject)
      if (question.subject === 'questions.once') return
      // Two replies to each: the second one is late.
      if (times(question.subject) === 2) for (const answer of ['this', 'not this']) question.respond(answer)
    },
  })
  const inbox = new Inbox(connection, { timeoutMs: 2_000, onSilence, onStray })
  inbox.open(undefined)
  const lost = new Promise<Error>((resolve) => {
    inbox.post('questions.once', '', headers(), () => {}, resolve)
  })
  const [one, other] = await Promise.all([inbox.ask('questions.one', '?'), inbox.ask('questions.other', '?')])
  expect([one.string(), other.string()]).toEqual(['this', 'this'])
  expect((await lost).message).toContain('did not answer in 2000 ms')
  expect(times('questions.once')).toBe(1)
  // By now a third request would have been sent, if late replies were not ignored.
  expect([times('questions.one'), times('questions.other')]).toEqual([2, 2])
  await expect(inbox.ask('nobody.there', '?')).rejects.toMatchObject({ code: 'ERR_SSE_BACKPLANE' })
  answerer.unsubscribe()
  inbox.close()
})

test('ask() rejects if the owner drains the connection, without an unhandled error', async () => {
  const proxy = await broker.proxy()
  const [connection, silent] = [await broker.nodes(proxy).connect(), await broker.nodes().connect()]
  const subscribe = jest.spyOn(connection, 'subscribe')
  silent.subscribe('silent', { callback: () => {} })
  await silent.flush()
  const inbox = new Inbox(connection, { timeoutMs: 10_000, onSilence, onStray })
  inbox.open(undefined)
  const asked = inbox.ask('silent', '?')
  const [replies] = subscribe.mock.results.map(({ value }) => value as Subscription)
  // Once its subscriptions are drained, the client publishes no more, and closes after one more pong, which is dropped here.
  proxy.discardReplies(() => replies?.isClosed() === true)
  void connection.drain()
  await expect(asked).rejects.toBeInstanceOf(errors.DrainingConnectionError)
  expect(connection.isClosed()).toBe(false)
  inbox.close()
})
