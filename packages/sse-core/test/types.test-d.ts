// Compiled, never run: every line under `@ts-expect-error` is a mistake that must not compile.
import {
  type ChannelEvent,
  type CloseReason,
  formatEvent,
  type Gap,
  type HeardEvent,
  merge,
  type SentEvent,
  SseChannel,
  type SseConnection,
  SseError,
  SseEvent,
  SseManager,
  type SseOptions,
  type SseSource,
  SseStream,
  sseManager,
} from '@ssekit/sse-core'

/** Compiles if the two types are the same. */
function same<A>() {
  return <B>(_isSame: [A] extends [B] ? ([B] extends [A] ? true : false) : false): void => {}
}

interface Order {
  readonly total: number
}
interface ShopEvents {
  order: Order
  alert: string
  message: string
}
type PriceEvents = { price: number; closed: undefined }

const shop = sseManager.getOrCreate<ShopEvents>('shop')
const prices = new SseChannel<PriceEvents>('prices')
const any = sseManager.getOrCreate('any')
declare const connection: SseConnection
declare const order: Order

export async function broadcasts(): Promise<void> {
  same<Promise<string>>()<ReturnType<typeof shop.broadcast>>(true)
  await shop.broadcast({ event: 'order', data: order })
  await shop.broadcast({ event: 'order', data: order, id: '1', retry: 5, comment: 'c' })
  await shop.broadcast(SseEvent.withEvent('alert', 'careful'))
  await shop.broadcast(SseEvent.data('a message'))
  await shop.broadcast('an unnamed event is a message')
  await shop.broadcast({ data: 'so is this' })
  await shop.broadcast({ comment: 'not an event' })
  await shop.end({ event: 'alert', data: 'closing' })
  await shop.end()
  await prices.broadcast({ event: 'price', data: 3 })
  await any.broadcast({ event: 'whatever', data: [1, { a: 2 }] })
  await any.broadcast('text')

  // @ts-expect-error no such event
  await shop.broadcast({ event: 'ordr', data: order })
  // @ts-expect-error not the data of that event
  await shop.broadcast({ event: 'order', data: { total: '3' } })
  // @ts-expect-error the data of another event
  await shop.broadcast({ event: 'order', data: 'careful' })
  // @ts-expect-error an order without its data
  await shop.broadcast({ event: 'order' })
  // @ts-expect-error a message is a string here
  await shop.broadcast({ data: 7 })
  // @ts-expect-error an unknown field
  await shop.broadcast({ event: 'alert', data: 'x', evnt: 'y' })
  // @ts-expect-error there is no `message` among the events
  await prices.broadcast('text')
  // @ts-expect-error likewise
  await prices.broadcast({ data: 3 })
  // @ts-expect-error not the data of that event, also if a factory makes it
  await shop.broadcast(SseEvent.withEvent('order', 'careful'))
  // @ts-expect-error the last event is one of the channel's
  await shop.end({ event: 'ordr', data: order })
  // @ts-expect-error not an event
  await any.broadcast(7)
  // @ts-expect-error an id is a string
  await any.broadcast({ id: 7, data: 'x' })
  // @ts-expect-error a retry is a number
  await any.broadcast({ retry: '7' })
}

export function sources(): void {
  const fine: SseSource[] = [
    shop as unknown as SseSource,
    any,
    any.listen(),
    new SseStream(),
    merge(shop, prices, any, any.listen(), ['x'], new SseStream()),
    ['a', 'b'],
    new Set([1]),
    (async function* () {})(),
    new ReadableStream(),
    (c) => c.send('x'),
    async (c) => c.subscribe(shop),
    () => null,
    null,
  ]
  // A typed channel is a source as well.
  const typed: SseSource[] = [shop, prices]
  same<AsyncIterable<SseEvent>>()<ReturnType<typeof merge>>(true)
  // @ts-expect-error a string is not a source, though it is iterable
  fine.push('text')
  // @ts-expect-error nor a number
  fine.push(7)
  // @ts-expect-error nor an event
  fine.push({ data: 'x' })
  // @ts-expect-error nor undefined
  fine.push(undefined)
  // @ts-expect-error merge takes no strings
  merge(any, 'text')
  // @ts-expect-error nor functions
  merge(any, () => 'x')
  // @ts-expect-error nor null
  merge(any, null)
  void typed
}

export async function pipes(): Promise<void> {
  await any.pipeFrom(['x'])
  await shop.pipeFrom(prices)
  // @ts-expect-error a string is not a source
  await any.pipeFrom('text')
  // @ts-expect-error nor a function
  await any.pipeFrom(() => ['x'])
}

export async function connections(): Promise<void> {
  same<boolean>()<Awaited<ReturnType<typeof connection.send>>>(true)
  await connection.subscribe(shop, { filter: (event) => event.event === 'order', rewind: 5 })
  await connection.subscribe(any)
  connection.close('kicked')
  // @ts-expect-error no such reason
  connection.close('bored')
  // @ts-expect-error subscribe() takes channels only
  await connection.subscribe(['x'])
  // @ts-expect-error readonly
  connection.lastEventId = 'x'
  // @ts-expect-error internal to the core
  connection.write
  sseManager.disconnect(({ key, context }) => key === 'me' && context !== undefined)
}

export function options(): void {
  const response: SseOptions = { heartbeatMs: 0, eol: '\r\n', rewind: 3, headers: { 'X-Y': ['a', 'b'] }, status: 200 }
  // @ts-expect-error options are readonly
  response.heartbeatMs = 5
  // @ts-expect-error no such line ending
  formatEvent('x', '\n\n')
  // @ts-expect-error an unknown option
  new SseManager({ heartbeat: 5 })
  // @ts-expect-error a duration is a number
  new SseManager({ heartbeatMs: '5' })
  // @ts-expect-error no such answer
  new SseManager({ overload: 'drop' })
  // @ts-expect-error an unknown option of a channel
  sseManager.getOrCreate('x', { maxChannels: 3 })
  // @ts-expect-error a channel of a manager has the manager's backplane
  sseManager.getOrCreate('x', { backplane: undefined })
  // @ts-expect-error a channel has a name
  new SseChannel()
  // @ts-expect-error names are readonly
  any.name = 'other'
  // @ts-expect-error a range has two ends
  void sseManager.close({ retryMs: [1, 2, 3] })
  void sseManager.close({ retryMs: [1, 2], graceMs: 5, event: 'bye' })
  // @ts-expect-error only 'subscribe' and 'unsubscribe' exist
  any.on('message', () => {})
}

export function companions(): void {
  const unnamed: SseEvent<string> = SseEvent.data('x')
  same<SseEvent<string>>()<ReturnType<typeof SseEvent.json>>(true)
  const named = SseEvent.withEvent('order', order)
  const type: string = named.event
  const event: SseEvent = { data: 'x' }
  // @ts-expect-error events are readonly
  event.data = 'y'
  // @ts-expect-error json() has its data already
  SseEvent.json(1, { data: 'x' })
  // @ts-expect-error an event type is a string
  SseEvent.withEvent(7, 'x')
  void [type, unnamed]
}

export async function loops(): Promise<void> {
  for await (const event of any) same<SseEvent>()<typeof event>(true)
  for await (const event of any.listen({ filter: ({ data }) => data !== 7 })) same<SseEvent>()<typeof event>(true)
  for await (const event of new SseChannel('x')) same<SseEvent>()<typeof event>(true)
  for await (const event of any.listen({ heartbeatMs: 5, signal: AbortSignal.abort() })) {
    // @ts-expect-error data of an untyped channel is unknown
    event.data.total
  }
  // @ts-expect-error an unknown option
  any.listen({ heartbeat: 5 })
}

export async function typedLoops(): Promise<void> {
  for await (const received of shop.listen({ heartbeatMs: 5 })) {
    same<HeardEvent<ShopEvents>>()<typeof received>(true)
    if (received.event === 'order') same<Order>()<typeof received.data>(true)
    else if (received.event === 'alert') same<string>()<typeof received.data>(true)
    else if (received.event === 'sse-gap') same<Gap>()<typeof received.data>(true)
    // An event without a type is a message or a heartbeat.
    else same<string | undefined>()<typeof received.data>(true)
    // @ts-expect-error no such event
    if (received.event === 'ordr') return
    const id: string | undefined = received.id
    void id
  }
  for await (const received of prices) {
    if (received.event === undefined) same<undefined>()<typeof received.data>(true)
    else if (received.event === 'price') same<number>()<typeof received.data>(true)
  }
  shop.listen({
    filter: (event) => {
      // @ts-expect-error filters are not called for gaps
      if (event.event === 'sse-gap') return true
      return event.event !== 'order' || event.data.total > 3
    },
  })
  // A filter for any channel, and a filter for another channel.
  shop.listen({ filter: (event: SseEvent) => event.data !== 7 })
  // @ts-expect-error not the events of this channel
  shop.listen({ filter: (event: SentEvent<PriceEvents>) => event.event === 'price' })
  // With any event types, a channel is an iterable of events, and assignable to SseChannel.
  const received: AsyncIterable<SseEvent>[] = [shop, shop.listen(), prices.listen(), any.listen()]
  const sources: SseSource[] = [shop.listen(), merge(shop.listen(), prices)]
  const channels: SseChannel[] = [shop, prices, any]
  const some = <Events extends object>(channel: SseChannel<Events>): AsyncIterable<SseEvent> => channel.listen()
  void [received, sources, channels, some]
}

export async function mergedLoops(): Promise<void> {
  for await (const received of merge(shop, prices.listen())) {
    same<HeardEvent<ShopEvents> | HeardEvent<PriceEvents>>()<typeof received>(true)
    if (received.event === 'order') same<Order>()<typeof received.data>(true)
    else if (received.event === 'price') same<number>()<typeof received.data>(true)
    else if (received.event === 'sse-gap') same<Gap>()<typeof received.data>(true)
    // @ts-expect-error an event of neither channel
    if (received.event === 'ordr') return
  }
  same<AsyncIterable<HeardEvent<ShopEvents>>>()<ReturnType<typeof merge<[typeof shop]>>>(true)
  const either = [shop, prices.listen()]
  for await (const received of merge(...either)) {
    same<HeardEvent<ShopEvents> | HeardEvent<PriceEvents>>()<typeof received>(true)
  }
  for await (const received of merge(shop, any)) {
    // @ts-expect-error the other channel is untyped: its data is unknown
    if (received.event === 'order') received.data.total
  }
  for await (const received of merge(shop, [order])) {
    // @ts-expect-error what an iterable yields is not typed
    if (received.event === 'order') received.data.total
  }
  for await (const received of merge(any, any.listen(), new SseStream())) same<SseEvent>()<typeof received>(true)
  // Merged channels are merged again as any events.
  for await (const received of merge(merge(shop), prices)) {
    // @ts-expect-error the order is one of any events
    if (received.event === 'order') received.data.total
  }
  const wrapped = <Events extends object>(channel: SseChannel<Events>): AsyncIterable<SseEvent> => merge(channel)
  const all: AsyncIterable<SseEvent>[] = [merge(shop), merge(shop, prices), merge(any), merge()]
  void [wrapped, all]
}

/** Functions of an application that wrap `broadcast()`. */
export async function emitters(): Promise<void> {
  const emit = <Name extends keyof ShopEvents>(event: Name, data: ShopEvents[Name]): Promise<string> =>
    shop.broadcast({ event, data })
  await emit('order', order)
  // @ts-expect-error not the data of that event
  await emit('order', 'careful')
  const swapped = <Name extends keyof ShopEvents>(event: Name): Promise<string> =>
    // @ts-expect-error not the data of every event
    shop.broadcast({ event, data: 'careful' })
  // @ts-expect-error not the name of an event
  const emitAny = (event: string, data: Order): Promise<string> => shop.broadcast({ event, data })
  const forward = (event: ChannelEvent<ShopEvents>): Promise<string> => shop.broadcast(event)
  const either = async (event: 'order' | 'alert', data: Order | string): Promise<string> =>
    // @ts-expect-error it can be the data of the other event
    shop.broadcast({ event, data })
  const generic = <Events extends { tick: number }>(channel: SseChannel<Events>): Promise<string> =>
    // @ts-expect-error the type of the event may be narrower
    channel.broadcast({ event: 'tick', data: 1 })
  void [swapped, emitAny, forward, either, generic]
}

export async function withoutData(): Promise<void> {
  // biome-ignore lint/suspicious/noConfusingVoidType: an event of type void is what is asked about
  const doors = new SseChannel<{ opened: void; closed: undefined; left: string | undefined; any: unknown }>('doors')
  await doors.broadcast({ event: 'opened' })
  await doors.broadcast({ event: 'closed' })
  await doors.broadcast({ event: 'left' })
  await doors.broadcast({ event: 'opened', data: undefined })
  // @ts-expect-error an event without data takes no data
  await doors.broadcast({ event: 'opened', data: 'x' })
  // @ts-expect-error data of an unknown type is still required
  await doors.broadcast({ event: 'any' })
  await doors.broadcast({ event: 'any', data: 7 })
}

export function errors(error: unknown): void {
  if (!(error instanceof SseError)) return
  // @ts-expect-error no such code
  if (error.code === 'ERR_SSE_BORED') return
  const reason: CloseReason = 'slow'
  const events: ChannelEvent<PriceEvents>[] = [{ event: 'price', data: 1 }, { comment: 'c' }]
  // @ts-expect-error not one of them
  events.push({ event: 'price', data: 'x' })
  void [reason, events]
}
