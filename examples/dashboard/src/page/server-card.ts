import type { Notification, Sample, ServerName } from '../channels.js'
import { type Arrival, Cells } from './cells.js'
import { copyOf, find } from './find.js'
import { messageItem } from './message-item.js'
import { Sequence } from './sequence.js'
import { StreamStatus } from './stream-status.js'

const SHOWN_SAMPLES = 48
const SHOWN_NOTIFICATIONS = 4

/** Called once for each event that came through a server. */
export interface NewsListener {
  notification(notification: Notification): void
  sample(sample: Sample): void
}

/** Shows what comes through one of the three servers, and proves that no event is missing or came twice. */
export class ServerCard {
  readonly #card: HTMLElement
  readonly #cells: Cells
  readonly #list: HTMLOListElement
  readonly #notifications = new Sequence()
  readonly #samples = new Sequence()
  #late = 0
  #gaps = 0

  constructor(name: ServerName, address: string, listener: NewsListener) {
    const card = find(document, `#${name}`, HTMLElement)
    card.append(...copyOf('#server-body').children)
    find(card, '.address', HTMLElement).textContent = new URL(address).host
    this.#card = card
    this.#cells = new Cells(find(card, '.strip', HTMLElement), SHOWN_SAMPLES)
    this.#list = find(card, 'ol', HTMLOListElement)
    new StreamStatus(card, name)
      .open(`${address}/news`)
      .on<Notification>('notification', (notification, isLate) => {
        if (!this.#notifications.take(notification.n)) return
        this.#arrived(isLate)
        this.#list.prepend(messageItem(notification, isLate))
        while (this.#list.childElementCount > SHOWN_NOTIFICATIONS) this.#list.lastElementChild?.remove()
        listener.notification(notification)
      })
      .on<Sample>('sample', (sample, isLate) => {
        if (!this.#samples.take(sample.n)) return
        this.#cells.mark(sample.n, this.#arrived(isLate))
        listener.sample(sample)
      })
      // The missed events are no longer available, for instance because the server was restarted.
      .on('sse-gap', () => {
        this.#gaps += 1
        this.#notifications.restart()
        this.#samples.restart()
        this.#cells.clear()
      })
  }

  /** The number of the newest sample that came. */
  get head(): number {
    return this.#samples.last ?? 0
  }

  /** @param head the number of the newest sample that came through any server */
  show(head: number): void {
    const notifications = this.#notifications
    const samples = this.#samples
    const missing = notifications.missing + samples.missing
    const received = notifications.received + samples.received
    this.#cells.show(head)
    this.#figure('received', received)
    this.#figure('sent', received + missing + head - this.head)
    this.#figure('late', this.#late)
    this.#figure('missing', missing)
    this.#figure('twice', notifications.twice + samples.twice)
    this.#figure('gaps', this.#gaps)
  }

  #arrived(isLate: boolean): Arrival {
    if (isLate) this.#late += 1
    return isLate ? 'late' : 'live'
  }

  #figure(name: string, value: number): void {
    const figure = find(this.#card, `[data-figure=${name}]`, HTMLElement)
    figure.textContent = String(value)
    figure.classList.toggle('some', value > 0)
  }
}
