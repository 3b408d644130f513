import type { Notification, ServerName } from '../channels.js'
import { find } from './find.js'
import { reasonOf, request } from './request.js'

const BURST = 20
const REMEMBERED = 100

/** Sends notifications through any server, and shows how soon each came through all of them. */
export class NotifyForm {
  readonly #addresses: Readonly<Record<ServerName, string>>
  readonly #form = find(document, '#notify', HTMLFormElement)
  readonly #status = find(document, '#notify-status', HTMLElement)
  readonly #hint = this.#status.textContent ?? ''
  readonly #arrivals = new Map<string, number[]>()

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
  arrived({ n, at }: Notification): void {
    // A server that was restarted numbers from 1 again.
    const key = `${n} at ${at}`
    const times = this.#arrivals.get(key) ?? []
    times.push(performance.now())
    this.#arrivals.set(key, times)
    const [oldest = key] = this.#arrivals.keys()
    if (this.#arrivals.size > REMEMBERED) this.#arrivals.delete(oldest)
    const servers = Object.keys(this.#addresses).length
    if (times.length < servers) this.#show(`No. ${n} came through ${times.length} of ${servers} servers`)
    else this.#show(`No. ${n} came through all ${servers} servers ${within(times)}`)
  }

  /** A failure that is still shown is over. */
  serverAnswers(): void {
    if (this.#status.classList.contains('failure')) this.#show(this.#hint)
  }

  async #sendAll(texts: readonly string[]): Promise<void> {
    const via = new FormData(this.#form).get('via')
    const address = Object.entries(this.#addresses).find(([name]) => name === via)?.[1]
    try {
      // One after another, so that they arrive in this order.
      for (const text of texts) await request(`${address}/notifications`, { method: 'POST', body: text })
      this.serverAnswers()
    } catch (error) {
      this.#show(reasonOf(error), true)
    }
  }

  #show(text: string, isFailure = false): void {
    this.#status.textContent = text
    this.#status.classList.toggle('failure', isFailure)
  }
}

function within(times: readonly number[]): string {
  const ms = Math.max(...times) - Math.min(...times)
  if (ms >= 1_000) return `within ${(ms / 1_000).toFixed(1)} s`
  return ms < 1 ? 'within 1 ms' : `within ${Math.round(ms)} ms`
}
