// #region follow
import { existsSync } from 'node:fs'
import { readFile, rename, writeFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Gap } from '@ssekit/sse-core'
import { type EventSourceMessage, EventSourceParserStream } from 'eventsource-parser/stream'

export interface FollowOptions {
  /** The file that keeps the last event id. */
  readonly idFile: string
  /** Handles an event; after that its id is kept. If it throws, `follow()` rejects, and the event is sent again. */
  readonly onEvent: (event: EventSourceMessage) => void | Promise<void>
  /** Events were lost: reload what you made of them. */
  readonly onGap: (gap: Gap) => void | Promise<void>
  readonly headers?: Readonly<Record<string, string>>
  readonly signal: AbortSignal
}

/**
 * Reads a stream until it ends for good, whichever side restarts. Resolves on `204` and when the signal is aborted.
 *
 * @throws {Error} the server refuses, with any other 4xx but 408, 425 and 429
 */
export async function follow(url: string, options: FollowOptions): Promise<void> {
  const { idFile, onEvent, onGap, headers = {}, signal } = options
  let lastEventId = existsSync(idFile) ? await readFile(idFile, 'utf8') : ''
  let retryMs = 2_000
  let failures = 0

  while (!signal.aborted) {
    const resuming = lastEventId === '' ? {} : { 'Last-Event-ID': lastEventId }
    const response = await fetch(url, { headers: { ...headers, ...resuming }, signal }).catch(() => undefined)
    if (response?.status === 204) return
    if (response !== undefined && isRefusal(response.status)) throw new Error(`${url} answered ${response.status}`)
    if (response?.status === 200) {
      failures = 0
      for await (const event of eventsOf(response, onRetry)) {
        // Events of the same chunk may still be queued.
        if (signal.aborted) return
        await handle(event)
      }
    } else {
      failures += 1
      await response?.body?.cancel()
    }
    // A random delay, so that clients disconnected by a restart do not all reconnect at once.
    const delayMs = retryMs * 2 ** Math.min(failures, 5) * (1 + Math.random())
    await sleep(delayMs, undefined, { signal }).catch(() => {})
  }

  async function handle(event: EventSourceMessage): Promise<void> {
    // A checkpoint carries no data, but its id counts.
    if (event.event === 'sse-gap') await onGap(JSON.parse(event.data))
    else if (event.event !== 'sse-checkpoint') await onEvent(event)
    if (event.id === undefined) return
    lastEventId = event.id
    // Renamed into place: a process that is killed while it writes would leave half an id.
    await writeFile(`${idFile}.new`, lastEventId)
    await rename(`${idFile}.new`, idFile)
  }

  function onRetry(ms: number): void {
    retryMs = ms
  }
}

async function* eventsOf({ body }: Response, onRetry: (ms: number) => void): AsyncGenerator<EventSourceMessage> {
  if (body === null) return
  try {
    yield* body.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream({ onRetry }))
  } catch {
    // A connection that breaks is treated like any other end.
  }
}

function isRefusal(status: number): boolean {
  return status >= 400 && status < 500 && ![408, 425, 429].includes(status)
}
// #endregion follow
