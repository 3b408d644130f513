import type { ServerName } from '../channels.js'
import { Charts } from './charts.js'
import { JobCard } from './job-card.js'
import { NotifyForm } from './notify-form.js'
import { RoomCard } from './room-card.js'
import { ServerCard } from './server-card.js'

const ports: Record<ServerName, number> = await (await fetch('/ports')).json()
const addressOf = (name: ServerName): string => `http://${location.hostname}:${ports[name]}`
const addresses = { express: addressOf('express'), fastify: addressOf('fastify'), koa: addressOf('koa') }

const form = new NotifyForm(addresses)
const charts = new Charts()
const cards = (['express', 'fastify', 'koa'] as const).map(
  (name) =>
    new ServerCard(name, addresses[name], {
      notification(notification) {
        form.arrived(notification)
        showCards()
      },
      sample(sample) {
        charts.add(sample)
        showCards()
      },
    }),
)
new JobCard(addresses.fastify)
new RoomCard(addresses.koa, addresses.fastify)

let isShowing = false

/** Once per animation frame, since all missed events arrive at once. */
function showCards(): void {
  if (isShowing) return
  isShowing = true
  requestAnimationFrame(() => {
    isShowing = false
    const head = Math.max(...cards.map((card) => card.head))
    for (const card of cards) card.show(head)
  })
}
