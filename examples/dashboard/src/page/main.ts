import type { Sample, ServerName } from '../channels.js'
import { Charts } from './charts.js'
import { JobCard } from './job-card.js'
import { NotifyForm } from './notify-form.js'
import { RoomCard } from './room-card.js'
import { ServerCard } from './server-card.js'

const ports: Record<ServerName, number> = await (await fetch('/ports')).json()
const addressOf = (name: ServerName): string => `http://${location.hostname}:${ports[name]}`
const addresses = { express: addressOf('express'), fastify: addressOf('fastify'), koa: addressOf('koa') }

const form = new NotifyForm(addresses)
const job = new JobCard(addresses.fastify)
const charts = new Charts()
// The newest sample that came through any server.
let newest: Sample | undefined
const cards = (['express', 'fastify', 'koa'] as const).map(
  (name) =>
    new ServerCard(name, addresses[name], {
      opened() {
        form.serverAnswers()
        job.serverAnswers()
      },
      notification(notification) {
        form.arrived(notification)
        showCards()
      },
      sample(sample) {
        charts.add(sample)
        if (newest === undefined || sample.at > newest.at) newest = sample
        showCards()
      },
    }),
)
new RoomCard(addresses.koa, addresses.fastify)

let isShowing = false

/** Once per animation frame, since all missed events arrive at once. */
function showCards(): void {
  if (isShowing) return
  isShowing = true
  requestAnimationFrame(() => {
    isShowing = false
    for (const card of cards) card.show(newest)
  })
}
