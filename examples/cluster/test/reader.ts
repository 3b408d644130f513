import { EventSource } from 'eventsource'

/** An EventSource that notes which worker serves it, and what it has received. */
export class Reader {
  readonly data: string[] = []
  readonly ids: string[] = []
  gaps = 0
  /** The id of the process that serves it or did so last. */
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

  /** Resolves once the condition is true; checks it after each event of the stream. */
  async until(isSo: () => boolean): Promise<void> {
    while (!isSo()) {
      await new Promise<void>((resolve) => {
        this.#onNews = resolve
      })
    }
  }
}
