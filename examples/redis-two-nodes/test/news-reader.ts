import { EventSource } from 'eventsource'

/** An EventSource that notes which node serves it, and which numbers it has received. */
export class NewsReader {
  readonly numbers: number[] = []
  gaps = 0
  /** The node that serves it or did so last. */
  node: string | undefined
  readonly #source: EventSource
  #onNews: () => void = () => {}

  constructor(address: string) {
    this.#source = new EventSource(`${address}/events`, {
      fetch: async (input, init) => {
        const response = await fetch(input, init)
        this.node = /^node=(\w+)\./.exec(response.headers.get('set-cookie') ?? '')?.[1]
        return response
      },
    })
    this.#source.addEventListener('sse-gap', () => {
      this.gaps += 1
    })
    this.#source.addEventListener('news', (event) => {
      this.numbers.push(JSON.parse(event.data).number)
      this.#onNews()
    })
  }

  /** Resolves after the next news event at which the condition is true. */
  async until(isSo: () => boolean): Promise<void> {
    do {
      await new Promise<void>((resolve) => {
        this.#onNews = resolve
      })
    } while (!isSo())
  }

  close(): void {
    this.#source.close()
  }
}
