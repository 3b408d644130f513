import type { ServerHttp2Stream } from 'node:http2'
import type { Socket } from 'node:net'
import type { SseChannel, SseResponse } from '@ssekit/sse-core'
import { eventually } from './eventually.js'
import type { ServedRequest } from './served-request.js'

/** Much for one event, little for a socket. */
export const BIG: string = 'x'.repeat(256 * 1024)

/** So long a socket must stay full, in ms: the kernel may only be slow to take what it has room for. */
const FULL_MS = 10

/** Resolves once nothing more goes out to a client that does not read. */
export async function fullSocket(request: ServedRequest): Promise<void> {
  await fill(request, async () => {})
}

/** Broadcasts big events, `<number> xxx…`, until nothing more goes out; returns their ids. */
export async function fillSocket(channel: SseChannel, request: ServedRequest): Promise<string[]> {
  const ids: string[] = []
  await fill(request, async () => {
    ids.push(await channel.broadcast(`${ids.length + 1} ${BIG}`))
  })
  return ids
}

async function fill({ res }: ServedRequest, add: () => Promise<void>): Promise<void> {
  let fullSince: number | undefined
  let adding: Promise<void> | undefined
  await eventually(() => {
    // A machine that is busy may cut it as slow before it is looked at again.
    if (isGone(res)) return true
    if (isFull(res)) fullSince ??= performance.now()
    else {
      fullSince = undefined
      adding = add()
    }
    return fullSince !== undefined && performance.now() - fullSince >= FULL_MS
  }, 'a full socket')
  await adding
}

function isFull(res: SseResponse): boolean {
  return carrierOf(res)?.writableNeedDrain === true
}

function isGone(res: SseResponse): boolean {
  return carrierOf(res)?.destroyed !== false
}

/** What takes the bytes of a response, until it is over: a stream of HTTP/2, else the socket. */
function carrierOf(res: SseResponse): ServerHttp2Stream | Socket | null | undefined {
  return 'stream' in res ? res.stream : res.socket
}
