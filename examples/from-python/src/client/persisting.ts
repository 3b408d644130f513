// #region persisting
import { readFile, writeFile } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'
import type { ReadableStream as NodeReadableStream } from 'node:stream/web'

/** A client without a browser, whose place in the stream outlives it. */
export async function* readEvents(url: string, idFile: string): AsyncGenerator<string> {
  const lastEventId = await readFile(idFile, 'utf8').catch(() => '')
  const response = await fetch(url, { headers: lastEventId === '' ? {} : { 'Last-Event-ID': lastEventId } })
  // 204: there is nothing more, and never will be.
  if (response.status !== 200 || response.body === null) return
  const body = Readable.fromWeb(response.body as NodeReadableStream)
  for await (const line of createInterface({ input: body })) {
    if (line.startsWith('id: ')) await writeFile(idFile, line.slice('id: '.length))
    else if (line.startsWith('data: ')) yield line.slice('data: '.length)
  }
}
// #endregion persisting
