import type { Message } from '../channels.js'
import { find } from './find.js'
import { gapItem, messageItem } from './message-item.js'
import { remember, remembered } from './place.js'
import { request } from './request.js'
import { StreamStatus } from './stream-status.js'

const SHOWN = 20

/** Listens to a room through the Koa server and speaks through the Fastify server: a channel belongs to neither. */
export class RoomCard {
  readonly #koa: string
  readonly #fastify: string
  readonly #card = find(document, '#room', HTMLElement)
  readonly #status = new StreamStatus(this.#card, 'the room')
  readonly #list = find(this.#card, 'ol', HTMLOListElement)
  readonly #path = find(this.#card, '.path', HTMLElement)
  readonly #tabs = find(this.#card, '.rooms', HTMLElement)
  readonly #rooms = new Set(['lobby', 'kitchen', 'garden'])
  #room = remembered('room') ?? 'lobby'

  constructor(koa: string, fastify: string) {
    this.#koa = koa
    this.#fastify = fastify
    onText(find(this.#card, 'form.say', HTMLFormElement), (text) => this.#say(text))
    onText(find(this.#card, 'form.go', HTMLFormElement), async (room) => {
      this.#enter(room)
      return true
    })
    this.#enter(this.#room)
  }

  #enter(room: string): void {
    this.#room = room
    this.#rooms.add(room)
    remember('room', room)
    this.#list.replaceChildren()
    this.#path.textContent = pathOf(room)
    this.#tabs.replaceChildren(...[...this.#rooms].map((name) => this.#tab(name)))
    this.#status
      .open(this.#koa + pathOf(room))
      .on<Message>('message', (message, isLate) => this.#append(messageItem(message, isLate)))
      .on('sse-gap', () => this.#append(gapItem()))
  }

  #append(item: HTMLLIElement): void {
    this.#list.append(item)
    while (this.#list.childElementCount > SHOWN) this.#list.firstElementChild?.remove()
    this.#list.scrollTop = this.#list.scrollHeight
  }

  #say(text: string): Promise<boolean> {
    const address = this.#fastify + pathOf(this.#room)
    return this.#status.attempt(() => request(address, { method: 'POST', body: text }))
  }

  #tab(room: string): HTMLButtonElement {
    const tab = document.createElement('button')
    tab.type = 'button'
    tab.textContent = room
    tab.setAttribute('aria-pressed', String(room === this.#room))
    tab.addEventListener('click', () => this.#enter(room))
    return tab
  }
}

function pathOf(room: string): string {
  return `/rooms/${encodeURIComponent(room)}`
}

/** Passes on the text of a form's only field, and clears it. If the text is not taken, it comes back. */
function onText(form: HTMLFormElement, take: (text: string) => Promise<boolean>): void {
  const field = find(form, 'input', HTMLInputElement)
  form.addEventListener('submit', async (event) => {
    event.preventDefault()
    const text = field.value.trim()
    field.value = ''
    if (text === '' || (await take(text))) return
    // Unless another one was typed meanwhile.
    field.value ||= text
  })
}
