import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http'
import type { Readable } from 'node:stream'

/** Where a reader's bytes come from: implement it to read what another HTTP client receives. */
export interface ReaderSource {
  readonly status: number
  readonly headers: Headers
  readonly chunks: AsyncIterable<Uint8Array>
  /** Whether the bytes ended as HTTP requires; called once they have ended. */
  readonly isComplete: () => boolean | Promise<boolean>
  readonly abort: () => void
}

/** What `fastify.inject()` resolves with. With `payloadAsStream: true`, its events are read as they are sent. */
export interface InjectedResponse {
  readonly statusCode: number
  readonly headers: OutgoingHttpHeaders
  readonly raw: { readonly res: { destroy(): unknown } }
  stream(): Readable
}

export function sourceOfResponse(response: Response, controller: AbortController | undefined): ReaderSource {
  const { body, status, headers } = response
  // Iterating over a body locks it, and then only its reader can cancel it.
  const reader = body?.getReader()
  let hasLeft = false
  return {
    status,
    headers,
    chunks: chunksOf(reader),
    isComplete: () => !hasLeft,
    abort: () => {
      hasLeft = true
      controller?.abort()
      // If the body is already broken, the read has reported that.
      void reader?.cancel().catch(() => {})
    },
  }
}

async function* chunksOf(reader: ReadableStreamDefaultReader<Uint8Array> | undefined): AsyncGenerator<Uint8Array> {
  for (let read = await reader?.read(); read?.done === false; read = await reader?.read()) yield read.value
}

export function sourceOfStream(stream: Readable): ReaderSource {
  const { statusCode = 0, headers = {} } = stream as { statusCode?: number; headers?: IncomingHttpHeaders }
  return {
    status: statusCode,
    headers: headersOf(headers),
    chunks: stream,
    isComplete: () => true,
    abort: () => stream.destroy(),
  }
}

export function sourceOfInjection(response: InjectedResponse): ReaderSource {
  return {
    status: response.statusCode,
    headers: headersOf(response.headers),
    chunks: response.stream(),
    isComplete: () => true,
    // Destroying the stream would not be noticed by the server.
    abort: () => response.raw.res.destroy(),
  }
}

/** Converts the headers of a Node message to `Headers`; repeated ones are joined. */
export function headersOf(headers: IncomingHttpHeaders | OutgoingHttpHeaders): Headers {
  const result = new Headers()
  for (const [name, value] of Object.entries(headers)) {
    // HTTP/2 adds pseudo-header fields, whose names start with a colon.
    if (value === undefined || name.startsWith(':')) continue
    for (const one of Array.isArray(value) ? value : [value]) result.append(name, String(one))
  }
  return result
}
