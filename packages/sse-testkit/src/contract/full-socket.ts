import type { ServerHttp2Stream } from 'node:http2'
import type { Socket } from 'node:net'
import type { SseChannel, SseResponse } from '@ssekit/sse-core'
import { eventually, oneTurn } from './eventually.js'
import type { ServedRequest } from './served-request.js'

/** Large for one event, small for a socket. */
export const BIG: string = 'x'.repeat(256 * 1024)

/** How long a socket must stay full, in ms: the kernel may only be slow to accept what it has room for. */
const FULL_MS = 10

/** Resolves once no more can be written to a client that does not read. */
export async function fullSocket(request: ServedRequest): Promise<void> {
  await fill(request, async () => {})
}

/** Broadcasts big events, `<number> xxx…`, until no more can be written; returns their ids. */
export async function fillSocket(channel: SseChannel, request: ServedRequest): Promise<string[]> {
  const ids: string[] = []
  await fill(request, async () => {
    ids.push(await channel.broadcast(`${ids.length + 1} ${BIG}`))
  })
  return ids
}

async function fill({ res, traits }: ServedRequest, add: () => Promise<void>): Promise<void> {
  let fullSince: number | undefined
  let adding: Promise<void> | undefined
  await eventually(() => {
    // On a busy machine it may be disconnected as slow before the next check.
    if (isGone(res)) return true
    if (isFull(res)) fullSince ??= performance.now()
    else {
      fullSince = undefined
      adding = add()
    }
    return fullSince !== undefined && performance.now() - fullSince >= FULL_MS
  }, 'a full socket')
  await adding
  // The server has taken all that fits into its socket. A body is full from its next chunk on.
  if (traits.api === 'fetch') {
    await add()
    await oneTurn()
  }
}

/** Whether no more can be written to a client for now. */
export function isFull(res: SseResponse): boolean {
  return carrierOf(res)?.writableNeedDrain === true
}

function isGone(res: SseResponse): boolean {
  return carrierOf(res)?.destroyed !== false
}

/** What carries the bytes of a response until it is over: its HTTP/2 stream, or else the socket. */
function carrierOf(res: SseResponse): ServerHttp2Stream | Socket | null | undefined {
  return 'stream' in res ? res.stream : res.socket
}
