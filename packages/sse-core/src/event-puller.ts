import { types } from 'node:util'
import type { SseEvent } from './event.js'
import { isPlainObject } from './event-fields.js'
import { pull } from './puller.js'
import type { ErrorListener } from './report.js'
import type { PullSource } from './source.js'

/** A source whose values are read as events. */
export interface EventPuller {
  next(): Promise<IteratorResult<SseEvent, undefined>>
  /** As `Puller.cancel()`. */
  cancel(report: ErrorListener): void
}

/** Begins to read the values of a source as events. */
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

/** Turns what a source yields into events. */
class EventReader {
  // One decoder for the whole source, since a character may be split between two chunks.
  #decoder: InstanceType<typeof TextDecoder> | undefined

  /** Returns the event of a value; undefined for bytes that do not complete a character yet. */
  read(value: unknown): SseEvent | undefined {
    if (isPlainObject(value)) return value as SseEvent
    if (!isBytes(value)) return { data: value }
    this.#decoder ??= new TextDecoder('utf-8', { ignoreBOM: true })
    return textEvent(this.#decoder.decode(value, { stream: true }))
  }

  /** Returns what is left when the source has ended: a character that was never completed. */
  end(): SseEvent | undefined {
    return this.#decoder === undefined ? undefined : textEvent(this.#decoder.decode())
  }
}

/** Whether a value is bytes. Arrays of wider numbers are data, since they are meant as numbers. */
function isBytes(value: unknown): value is Uint8Array | ArrayBuffer | DataView {
  return types.isUint8Array(value) || types.isAnyArrayBuffer(value) || types.isDataView(value)
}

function textEvent(data: string): SseEvent | undefined {
  return data === '' ? undefined : { data }
}
