import { IncomingMessage } from 'node:http'
import { Http2ServerRequest } from 'node:http2'
import { finished, PassThrough, Readable } from 'node:stream'
import { types } from 'node:util'
import type { ErrorListener } from './report.js'
import { isPullSource, type PullSource, type SseSource } from './source.js'

/** A source that is being read. */
export interface Puller {
  next(): Promise<IteratorResult<unknown>>
  /** Ends it now, without waiting for anything. Idempotent. It never throws: errors go to `report`. */
  cancel(report: ErrorListener): void
}

/** Begins to read a source. */
export function pull(source: PullSource): Puller {
  if (isRequest(source)) return pullBody(source)
  if (isReadable(source)) return pullReadable(source)
  if (source instanceof ReadableStream) return pullStream(source)
  return pullIterable(source)
}

/** Whether it is a Node stream. Those of the `readable-stream` package are not instances of Node's class. */
function isReadable(source: PullSource): source is Readable {
  return source instanceof Readable || ('pipe' in source && 'destroy' in source && 'on' in source)
}

/**
 * Must be called as soon as a source is handed over, though it is read later: a Node stream that fails meanwhile then
 * keeps its error for its reader, and does not end the process.
 */
export function expectErrors(source: SseSource): void {
  if (!isPullSource(source) || !isReadable(source) || expected.has(source)) return
  expected.add(source)
  source.on('error', () => {})
}

// So that a stream that is handed over again and again has only one listener.
const expected = new WeakSet<object>()

function pullReadable(stream: Readable): Puller {
  const iterator = stream[Symbol.asyncIterator]()
  // The iterator handles errors only from its first `next()` until it is done.
  expectErrors(stream)
  return {
    next: () => iterator.next(),
    cancel(report) {
      try {
        // The iterator's own `return()` would wait for the read that is pending.
        stream.destroy()
      } catch (error) {
        report(error)
      }
    },
  }
}

/** Whether it is a request to a server, perhaps the one that is being answered. */
function isRequest(source: PullSource): source is Readable {
  // A response that a client gets is an `IncomingMessage` too, but has a status.
  return source instanceof Http2ServerRequest || (source instanceof IncomingMessage && source.statusCode === null)
}

/** Reads a request through a pipe: destroying the request would destroy its connection, and cut off the response. */
function pullBody(request: Readable): Puller {
  const body = new PassThrough()
  request.pipe(body)
  // A pipe does not pass on that the request was aborted, or was over before.
  const forget = finished(request, (error) => (error ? body.destroy(error) : body.end()))
  return {
    next: pullReadable(body).next,
    cancel() {
      forget()
      request.unpipe(body)
      request.resume()
      body.destroy()
    },
  }
}

function pullStream(stream: ReadableStream<unknown>): Puller {
  const reader = stream.getReader()
  let isDone = false
  return {
    async next() {
      try {
        const { done, value } = await reader.read()
        if (done) isDone = true
        return { done, value }
      } catch (error) {
        isDone = true
        throw error
      }
    },
    cancel(report) {
      if (isDone) return
      isDone = true
      reader.cancel().catch(ignoringAborts(report))
    },
  }
}

function pullIterable(source: AsyncIterable<unknown> | Iterable<unknown>): Puller {
  const iterator =
    Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : (source as Iterable<unknown>)[Symbol.iterator]()
  const isSync = !(Symbol.asyncIterator in source)
  let isDone = false
  return {
    async next() {
      let result: IteratorResult<unknown>
      try {
        result = await iterator.next()
      } catch (error) {
        isDone = true
        throw error
      }
      if (result.done) isDone = true
      // Like `for await`: a synchronous iterable of promises yields what they resolve to. A rejected promise ends the
      // reading but not the iterator, whose `return()` is still to be called.
      return isSync ? { done: result.done ?? false, value: await result.value } : result
    },
    cancel(report) {
      if (isDone) return
      isDone = true
      // In a promise, because a synchronous iterator throws where an asynchronous one rejects.
      new Promise((resolve) => resolve(iterator.return?.())).catch(ignoringAborts(report))
    },
  }
}

/** Reports all errors except `AbortError`, which only says that the source was cancelled. */
function ignoringAborts(report: ErrorListener): ErrorListener {
  return (error) => {
    if (!types.isNativeError(error) || error.name !== 'AbortError') report(error)
  }
}
