import type { Message } from '../channels.js'
import { clock } from './clock.js'

const NAMES = { express: 'Express', fastify: 'Fastify', koa: 'Koa' }

/** A message as an item of a list. */
export function messageItem({ text, via, at }: Message, isLate: boolean): HTMLLIElement {
  const item = document.createElement('li')
  item.className = isLate ? 'message late' : 'message'
  item.append(
    span('text', text),
    span(`via ${via}`, `via ${NAMES[via]}`),
    span('time', isLate ? `${clock(at)}, late` : clock(at)),
  )
  return item
}

function span(className: string, text: string): HTMLSpanElement {
  const element = document.createElement('span')
  element.className = className
  element.textContent = text
  return element
}
