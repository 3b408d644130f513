import { expect, test } from '@jest/globals'
import { Heard } from './heard.js'
import { sharedBroker } from './shared-broker.js'

const broker = sharedBroker()

test('no two streams share subjects, whatever they are called', async () => {
  const nodes = broker.nodes()
  const streams = ['APP', 'APP-LIVE', 'APP_LIVE', 'LIVE', '_LIVE_APP']
  const backplanes = await Promise.all(streams.map((stream) => nodes.backplane({ stream })))
  const heard = await Promise.all(backplanes.map((each) => Heard.of(each, 'news')))
  for (const [index, each] of backplanes.entries()) await each.publish('news', { event: { data: streams[index] } })
  await Promise.all(heard.map((each, index) => each.for(streams[index])))
  await backplanes[0]?.publish('news', { end: true })
  await heard[0]?.for('end')
  for (const each of backplanes.slice(1)) await each.publish('news', { event: { data: 'last' } })
  await Promise.all(heard.slice(1).map((each) => each.for('last')))
  expect(heard.map(({ data }) => data)).toEqual(streams.map((stream, index) => [stream, index === 0 ? 'end' : 'last']))
})

test('no two names share a channel, and any name can be one', async () => {
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
    // What cannot be written in UTF-8, and what other encoders make of it.
    '\ud800',
    '\ud801',
    '\udc00',
    '\ufffd',
    'ü',
    '=C3=BC',
    // Longer than a subject may be.
    '🚀'.repeat(5_000),
    `${'🚀'.repeat(5_000)}!`,
    `${'x'.repeat(256)}`,
    `${'x'.repeat(257)}`,
    `${'x'.repeat(257)}y`,
  ]
  const heard = await Promise.all(names.map((name) => Heard.of(node, name)))
  for (const [index, name] of names.entries()) await node.publish(name, { event: { data: index } })
  await Promise.all(heard.map((each, index) => each.for(index)))
  expect(heard.map(({ data }) => data)).toEqual(names.map((_, index) => [index]))
  await node.publish('a', { end: true })
  await heard[names.indexOf('a')]?.for('end')
  for (const [index, name] of names.entries()) {
    if (name !== 'a') expect((await Heard.of(node, name)).data).toEqual([index])
  }
})
