import type { Notification, ServerName } from '../channels.js'
import { find } from './find.js'

const BURST = 20

/** Sends notifications through any server, and shows how soon each came through all of them. */
export class NotifyForm {
  readonly #addresses: Readonly<Record<ServerName, string>>
  readonly #form = find(document, '#notify', HTMLFormElement)
  readonly #status = find(document, '#notify-status', HTMLElement)
  readonly #arrivals = new Map<number, number[]>()

  constructor(addresses: Readonly<Record<ServerName, string>>) {
    this.#addresses = addresses
    const field = find(this.#form, '[name=text]', HTMLInputElement)
    this.#form.addEventListener('submit', (event) => {
      event.preventDefault()
      void this.#sendAll([field.value])
      field.select()
    })
    find(this.#form, '#burst', HTMLButtonElement).addEventListener('click', () => {
      void this.#sendAll(Array.from({ length: BURST }, (_, i) => `${i + 1} of ${BURST}`))
    })
  }

  /** A notification came through one more server. */
  arrived({ n }: Notification): void {
    const times = this.#arrivals.get(n) ?? []
    times.push(performance.now())
    this.#arrivals.set(n, times)
    this.#arrivals.delete(n - 100)
    const servers = Object.keys(this.#addresses).length
    if (times.length < servers) this.#status.textContent = `No. ${n} came through ${times.length} of ${servers} servers`
    else this.#status.textContent = `No. ${n} came through all ${servers} servers ${within(times)}`
  }

  async #sendAll(texts: readonly string[]): Promise<void> {
    const via = new FormData(this.#form).get('via')
    const address = Object.entries(this.#addresses).find(([name]) => name === via)?.[1]
    try {
      // One after another, so that they arrive in this order.
      for (const text of texts) await fetch(`${address}/notifications`, { method: 'POST', body: text })
    } catch {
      this.#status.textContent = 'The server does not answer'
    }
  }
}

function within(times: readonly number[]): string {
  const ms = Math.max(...times) - Math.min(...times)
  if (ms >= 1_000) return `within ${(ms / 1_000).toFixed(1)} s`
  return ms < 1 ? 'within 1 ms' : `within ${Math.round(ms)} ms`
}
