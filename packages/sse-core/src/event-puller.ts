import { types } from 'node:util'
import type { SseEvent } from './event.js'
import { isPlainObject } from './event-fields.js'
import { pull } from './puller.js'
import type { PullSource } from './source.js'

/** A source whose values are read as events. */
export interface EventPuller {
  next(): Promise<IteratorResult<SseEvent, undefined>>
  /** As that of a `Puller`. */
  cancel(report: (error: unknown) => void): void
}

/** Begins to read events. */
export function pullEvents(source: PullSource): EventPuller {
  const puller = pull(source)
  const reader = new EventReader()
  let isDone = false
  return {
    async next() {
      while (!isDone) {
        const result = await puller.next()
        if (result.done) isDone = true
        const event = result.done ? reader.end() : reader.read(result.value)
        if (event !== undefined) return { done: false, value: event }
      }
      return { done: true, value: undefined }
    },
    cancel: (report) => puller.cancel(report),
  }
}

/** Makes events of what a source yields. */
class EventReader {
  // One for the whole source: a character may be cut in two by a chunk's border.
  #decoder: InstanceType<typeof TextDecoder> | undefined

  /** The event of a value; undefined for bytes that make no whole character yet. */
  read(value: unknown): SseEvent | undefined {
    if (isPlainObject(value)) return value as SseEvent
    if (!isBytes(value)) return { data: value }
    this.#decoder ??= new TextDecoder('utf-8', { ignoreBOM: true })
    return textEvent(this.#decoder.decode(value, { stream: true }))
  }

  /** What is left when the source has ended: a character that was never finished. */
  end(): SseEvent | undefined {
    return this.#decoder === undefined ? undefined : textEvent(this.#decoder.decode())
  }
}

/** Arrays of wider numbers are data: whoever has those means numbers. */
function isBytes(value: unknown): value is Uint8Array | ArrayBuffer | DataView {
  return types.isUint8Array(value) || types.isAnyArrayBuffer(value) || types.isDataView(value)
}

function textEvent(data: string): SseEvent | undefined {
  return data === '' ? undefined : { data }
}
