import type { Message } from '../channels.js'
import { clock } from './clock.js'

const NAMES = { express: 'Express', fastify: 'Fastify', koa: 'Koa' }

/** A message as an item of a list. */
export function messageItem({ text, via, at }: Message, isLate: boolean): HTMLLIElement {
  return item(
    isLate ? 'message late' : 'message',
    span('text', text),
    span(`via ${via}`, `via ${NAMES[via]}`),
    span('time', isLate ? `${clock(at)}, late` : clock(at)),
  )
}

/** A gap that the stream reported (`sse-gap`), at its place in a list of messages. */
export function gapItem(): HTMLLIElement {
  return item('gap', span('text', 'Gap reported: older events are gone'), span('time', clock(Date.now())))
}

function item(className: string, ...parts: readonly HTMLElement[]): HTMLLIElement {
  const element = document.createElement('li')
  element.className = className
  element.append(...parts)
  return element
}

function span(className: string, text: string): HTMLSpanElement {
  const element = document.createElement('span')
  element.className = className
  element.textContent = text
  return element
}
