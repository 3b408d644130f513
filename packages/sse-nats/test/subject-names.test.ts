import { expect, test } from '@jest/globals'
import { Received } from './received.js'
import { sharedBroker } from './shared-broker.js'

const broker = sharedBroker()

test('streams with similar names share no subjects', async () => {
  const nodes = broker.nodes()
  const streams = ['APP', 'APP-LIVE', 'APP_LIVE', 'LIVE', '_LIVE_APP']
  const backplanes = await Promise.all(streams.map((stream) => nodes.backplane({ stream })))
  const received = await Promise.all(backplanes.map((each) => Received.of(each, 'news')))
  for (const [index, each] of backplanes.entries()) await each.publish('news', { event: { data: streams[index] } })
  await Promise.all(received.map((each, index) => each.until(streams[index])))
  await backplanes[0]?.publish('news', { end: true })
  await received[0]?.until('end')
  for (const each of backplanes.slice(1)) await each.publish('news', { event: { data: 'last' } })
  await Promise.all(received.slice(1).map((each) => each.until('last')))
  expect(received.map(({ data }) => data)).toEqual(
    streams.map((stream, index) => [stream, index === 0 ? 'end' : 'last']),
  )
})

test('any string can be a channel name, and similar names are different channels', async () => {
  const nodes = broker.nodes()
  const node = await nodes.backplane()
  const names = [
    '',
    '=',
    '==',
    'ab',
    'a=62',
    'a.e',
    'a',
    'a.e.e',
    ' ',
    '\t',
    // Lone surrogates cannot be encoded in UTF-8, and other encoders replace them.
    '\ud800',
    '\ud801',
    '\udc00',
    '\ufffd',
    'ü',
    '=C3=BC',
    // Longer than a subject can be.
    '🚀'.repeat(5_000),
    `${'🚀'.repeat(5_000)}!`,
    `${'x'.repeat(256)}`,
    `${'x'.repeat(257)}`,
    `${'x'.repeat(257)}y`,
  ]
  const received = await Promise.all(names.map((name) => Received.of(node, name)))
  for (const [index, name] of names.entries()) await node.publish(name, { event: { data: index } })
  await Promise.all(received.map((each, index) => each.until(index)))
  expect(received.map(({ data }) => data)).toEqual(names.map((_, index) => [index]))
  await node.publish('a', { end: true })
  await received[names.indexOf('a')]?.until('end')
  for (const [index, name] of names.entries()) {
    if (name !== 'a') expect((await Received.of(node, name)).data).toEqual([index])
  }
})
