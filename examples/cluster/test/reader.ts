import { EventSource } from 'eventsource'

/** An EventSource that knows which worker it reads from, and what has come. */
export class Reader {
  readonly data: string[] = []
  readonly ids: string[] = []
  gaps = 0
  /** The process that serves it, or has done so last. */
  worker = 0
  readonly source: EventSource
  #onNews: () => void = () => {}

  constructor(url: string, event = 'message') {
    this.source = new EventSource(url, {
      fetch: async (input, init) => {
        const response = await fetch(input, init)
        this.worker = Number(response.headers.get('x-worker'))
        return response
      },
    })
    this.source.addEventListener(event, ({ data, lastEventId }) => {
      this.data.push(data)
      this.ids.push(lastEventId)
      this.#onNews()
    })
    this.source.addEventListener('sse-gap', () => {
      this.gaps += 1
      this.#onNews()
    })
    for (const type of ['open', 'error']) this.source.addEventListener(type, () => this.#onNews())
  }

  /** Resolves once this is so, with whatever happens to the stream. */
  async until(isSo: () => boolean): Promise<void> {
    while (!isSo()) {
      await new Promise<void>((resolve) => {
        this.#onNews = resolve
      })
    }
  }
}
