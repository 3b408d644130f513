import { copyOf, find } from './find.js'
import { reasonOf } from './request.js'
import { Stream, type StreamState } from './stream.js'

const TEXTS: Readonly<Record<StreamState, string>> = {
  connecting: 'Connecting',
  waiting: "Waits for one of the browser's six connections: close a tab",
  open: 'Open',
  reconnecting: 'Reconnecting',
  closed: 'Closed',
}

/** Shows the state and the last event id of a stream, with a button that disconnects it. */
export class StreamStatus {
  #stream: Stream | undefined
  readonly #pill: HTMLElement
  readonly #id: HTMLElement
  readonly #cut: HTMLButtonElement
  readonly #failure: HTMLElement

  /** @param card has a `.pill` and a `footer`, which this fills */
  constructor(card: HTMLElement, name: string) {
    const footer = find(card, 'footer', HTMLElement)
    footer.append(copyOf('#stream-status'))
    this.#pill = find(card, '.pill', HTMLElement)
    this.#id = find(footer, '.id', HTMLElement)
    this.#failure = find(footer, '.failure', HTMLElement)
    this.#cut = find(footer, 'button', HTMLButtonElement)
    this.#cut.setAttribute('aria-label', `Cut the connection of ${name}`)
    this.#cut.addEventListener('click', () => void this.attempt(async () => this.#stream?.cut()))
  }

  /** Opens the stream to show, in place of the one before. */
  open(address: string): Stream {
    this.#stream?.close()
    const stream = new Stream(address, () => {
      if (this.#stream === stream) this.#show(stream)
    })
    this.#stream = stream
    this.#show(stream)
    return stream.whenOpen(() => this.#fail(''))
  }

  /** Returns whether an action succeeds. If not, shows why, until one does or the stream opens. */
  async attempt(action: () => Promise<unknown>): Promise<boolean> {
    try {
      await action()
      this.#fail('')
      return true
    } catch (error) {
      this.#fail(reasonOf(error))
      return false
    }
  }

  #fail(reason: string): void {
    this.#failure.textContent = reason
  }

  #show({ state, lastEventId }: Stream): void {
    this.#pill.dataset.state = state
    this.#pill.textContent = TEXTS[state]
    this.#id.textContent = lastEventId === '' ? 'none yet' : lastEventId
    this.#id.title = lastEventId
    this.#cut.disabled = state !== 'open'
  }
}
