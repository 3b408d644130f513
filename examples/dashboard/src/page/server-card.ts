import type { Notification, Sample, ServerName } from '../channels.js'
import { type Arrival, Cells } from './cells.js'
import { copyOf, find } from './find.js'
import { gapItem, messageItem } from './message-item.js'
import { Sequence } from './sequence.js'
import { StreamStatus } from './stream-status.js'

const SHOWN_SAMPLES = 48
const SHOWN_NOTIFICATIONS = 4

/** Called once for each event that came through a server, and whenever the stream has connected. */
export interface NewsListener {
  opened(): void
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
  #newest: Sample | undefined
  #gap: HTMLElement | undefined
  #late = 0
  #gaps = 0

  constructor(name: ServerName, address: string, listener: NewsListener) {
    const card = find(document, `#${name}`, HTMLElement)
    card.append(...copyOf('#server-body').children)
    find(card, '.address', HTMLElement).textContent = new URL(address).host
    this.#card = card
    this.#cells = new Cells(find(card, '.strip', HTMLElement), SHOWN_SAMPLES)
    this.#list = find(card, 'ol', HTMLOListElement)
    let hasGap = false
    new StreamStatus(card, name)
      .open(`${address}/news`)
      .whenOpen(() => {
        hasGap = false
        listener.opened()
      })
      .on<Notification>('notification', (notification, isLate) => {
        if (!this.#notifications.take(notification.n)) return
        this.#arrived(isLate)
        this.#prepend(messageItem(notification, isLate))
        listener.notification(notification)
      })
      .on<Sample>('sample', (sample, isLate) => {
        if (!this.#samples.take(sample.n)) return
        this.#newest = sample
        this.#cells.mark(sample.n, this.#arrived(isLate))
        listener.sample(sample)
      })
      // Missed events are no longer available: there were too many, or the server was restarted.
      .on<{ channel: string }>('sse-gap', ({ channel }) => {
        // Each channel reports its own; on the page they are one.
        if (!hasGap) this.#countGap()
        hasGap = true
        if (channel === 'notifications') this.#notifications.restart()
        else this.#restartSamples()
      })
  }

  /** @param newest the newest sample that came through any server */
  show(newest: Sample | undefined): void {
    const own = this.#newest
    // After a restart, numbers of the run before say nothing about what this stream has yet to get.
    const behind = own !== undefined && newest?.run === own.run ? newest.n - own.n : 0
    const notifications = this.#notifications
    const samples = this.#samples
    const missing = notifications.missing + samples.missing
    const received = notifications.received + samples.received
    this.#cells.show((own?.n ?? 0) + behind)
    this.#figure('received', received)
    this.#figure('sent', received + missing + behind)
    this.#figure('late', this.#late)
    this.#figure('missing', missing)
    this.#figure('twice', notifications.twice + samples.twice)
    this.#figure('gaps', this.#gaps)
  }

  #countGap(): void {
    this.#gaps += 1
    this.#gap = gapItem()
    this.#prepend(this.#gap)
  }

  #restartSamples(): void {
    this.#newest = undefined
    this.#samples.restart()
    this.#cells.clear()
  }

  /** Adds to the list, at whose end the latest gap stays in sight. */
  #prepend(item: HTMLElement): void {
    this.#list.prepend(item)
    while (this.#list.childElementCount > SHOWN_NOTIFICATIONS) {
      const last = this.#list.lastElementChild
      const surplus = last === this.#gap ? last?.previousElementSibling : last
      surplus?.remove()
    }
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
